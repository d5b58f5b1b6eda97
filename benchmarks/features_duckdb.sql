-- One row of features per customer, of the events before $as_of: what segspark computes by default, written anew.
-- $files and $as_of are set by features_peers.py.
WITH events AS (
    SELECT *, event_date AS day FROM read_parquet('$files') WHERE event_date < DATE '$as_of'
), purchases AS (
    SELECT * FROM events WHERE event_type = 'purchase'
), orders AS (
    SELECT customer_id, coalesce('o:' || order_id, 'e:' || event_id) AS order_key,
           arg_min(day, event_ts) AS day, count(DISTINCT product_id) AS products
    FROM purchases GROUP BY ALL
), aged AS (
    SELECT *, DATE '$as_of' - day AS age,
           day - lag(day) OVER (PARTITION BY customer_id ORDER BY day, order_key) AS gap
    FROM orders
), rhythm AS (
    SELECT customer_id,
           min(age) AS recency_days,
           count(*) AS frequency,
           max(age) AS tenure_days,
           avg(gap) AS order_gap_days_mean,
           stddev_samp(gap) AS order_gap_days_std,
           count(*) FILTER (isodow(day) >= 6) / count(*) AS weekend_order_share,
           avg(products) AS products_per_order,
           count(*) FILTER (age <= 30) AS orders_count_30d,
           count(*) FILTER (age <= 90) AS orders_count_90d,
           sum(pow(2.0, -age / 90.0)) AS orders_decayed_90d
    FROM aged GROUP BY customer_id
), money AS (
    SELECT *, DATE '$as_of' - day AS age, event_type = 'purchase' AS bought
    FROM events WHERE event_type IN ('purchase', 'return')
), sums AS (
    SELECT customer_id,
           sum(amount) AS monetary_value,
           coalesce(sum(discount) FILTER (bought), 0) AS saved,
           sum(amount) FILTER (bought) AS gross,
           coalesce(sum(amount) FILTER (age <= 30), 0) AS spend_sum_30d,
           coalesce(sum(amount) FILTER (age <= 90), 0) AS spend_sum_90d,
           coalesce(sum(amount) FILTER (bought AND age <= 90), 0) AS latest,
           coalesce(sum(amount) FILTER (bought AND age > 90 AND age <= 180), 0) AS earlier,
           sum(CAST(amount AS DOUBLE) * pow(2.0, -age / 90.0)) AS spend_decayed_90d
    FROM money GROUP BY customer_id
), categories AS (
    SELECT customer_id, CAST(sum(amount) AS DOUBLE) AS spent
    FROM purchases WHERE category IS NOT NULL GROUP BY customer_id, category
), breadth AS (
    SELECT customer_id, count(*) AS distinct_categories, sum(spent) AS total,
           ln(sum(spent)) - sum(spent * ln(spent)) FILTER (spent > 0) / sum(spent) AS entropy,
           max(spent) / nullif(sum(spent), 0) AS top_category_share
    FROM categories GROUP BY customer_id
), products AS (
    SELECT customer_id, count(DISTINCT product_id) AS distinct_products FROM purchases GROUP BY customer_id
), contacts AS (
    SELECT customer_id, campaign_id, bool_or(event_type = 'campaign_sent') AS reached,
           bool_or(event_type = 'coupon_redemption') AS answered
    FROM events WHERE event_type IN ('campaign_sent', 'coupon_redemption') AND campaign_id IS NOT NULL
    GROUP BY ALL
), response AS (
    SELECT customer_id, count(*) FILTER (reached AND answered) / nullif(count(*) FILTER (reached), 0) AS rate
    FROM contacts GROUP BY customer_id
), everyone AS (
    SELECT DISTINCT customer_id FROM events
)
SELECT customer_id,
       recency_days,
       coalesce(frequency, 0) AS frequency,
       coalesce(monetary_value, 0) AS monetary_value,
       CAST(coalesce(monetary_value, 0) AS DOUBLE) / nullif(frequency, 0) AS average_order_value,
       tenure_days,
       order_gap_days_mean,
       order_gap_days_std,
       weekend_order_share,
       products_per_order,
       CAST(saved AS DOUBLE) / nullif(CAST(gross + saved AS DOUBLE), 0) AS discount_share,
       coalesce(distinct_categories, 0) AS distinct_categories,
       coalesce(distinct_products, 0) AS distinct_products,
       CASE WHEN total > 0 THEN greatest(entropy, 0) END AS category_entropy,
       top_category_share,
       coalesce(spend_sum_30d, 0) AS spend_sum_30d,
       coalesce(orders_count_30d, 0) AS orders_count_30d,
       coalesce(spend_sum_90d, 0) AS spend_sum_90d,
       coalesce(orders_count_90d, 0) AS orders_count_90d,
       CAST(latest - earlier AS DOUBLE) / nullif(CAST(latest + earlier AS DOUBLE), 0) AS spend_trend_90d,
       coalesce(spend_decayed_90d, 0) AS spend_decayed_90d,
       coalesce(orders_decayed_90d, 0) AS orders_decayed_90d,
       rate AS campaign_response_rate
FROM everyone
LEFT JOIN rhythm USING (customer_id)
LEFT JOIN sums USING (customer_id)
LEFT JOIN breadth USING (customer_id)
LEFT JOIN products USING (customer_id)
LEFT JOIN response USING (customer_id)
