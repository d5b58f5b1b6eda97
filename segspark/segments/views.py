"""All views for BI and campaign tools, in the order in which they are told of."""

from segspark.segments.basket_views import BASKET_VIEWS
from segspark.segments.kpi_views import KPI_VIEWS
from segspark.segments.member_views import MEMBER_VIEWS
from segspark.segments.segment_views import SEGMENT_VIEWS

VIEWS = (*MEMBER_VIEWS, *SEGMENT_VIEWS, *KPI_VIEWS, *BASKET_VIEWS)
