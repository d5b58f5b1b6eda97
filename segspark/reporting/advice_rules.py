"""The rules of the handbook's advice: one table, from which the pages and docs/advice.md follow."""

from __future__ import annotations

from segspark.reporting.advice_model import SMALL_LIFT, Condition, Rule

_UP, _DOWN = True, False

RULES = (
    Rule("win back the valuable", (Condition("recency_days"), Condition("monetary_value", least=0.25)), {
        "job": "Give them a reason to come back: they spent more than the average customer.",
        "do": "Have a person look at the largest of them before any mass mailing.",
    }),
    Rule("lapsing", (Condition("recency_days"),), {
        "job": "Find the way back to a shop that they have not used for longer than others.",
        "benefit": "What is new since they were here last.",
        "objection": "Why they stopped: ask, with one click, and pass the answers on.",
        "do": "Win back in few, spaced steps, and stop when there is no answer.",
        "dont": "Do not write as if they had bought yesterday.",
        "trigger": "No order for longer than the segment's mean gap between orders.",
        "email": "We have not seen you for a while: what is new, and one question about what was missing.",
        "ad": "Reminder to customers who have not bought lately; exclude who has bought since.",
    }),
    Rule("churning", (Condition("kpi:churn_rate"),), {
        "do": "Look for what keeps customers before spending on new ones: this segment loses more than others do.",
        "trigger": "The first period without an order after one with an order.",
    }),
    Rule("declining", (Condition("spend_trend_*", _DOWN),), {
        "job": "Take up again what they have bought less of lately.",
        "email": "What they used to buy, with what has become better about it.",
        "trigger": "Spend of the last weeks below that of the weeks before.",
    }),
    Rule("growing", (Condition("spend_trend_*"),), {
        "job": "Get more of what has begun to please them.",
        "do": "Show what comes next while they are at it.",
        "dont": "Do not give a discount for what grows by itself.",
    }),
    Rule("frequent", (Condition("frequency"),), {
        "job": "Get the usual things done quickly.",
        "benefit": "Speed, reliability, and thanks for coming often.",
        "do": "Reward visits, not single baskets.",
        "dont": "Do not offer welcome gifts meant for new customers.",
        "landing": "A short way to what they bought last; no explaining of the shop.",
        "social": "Thanks to those who come often: show what regulars like.",
    }),
    Rule("seldom", (Condition("frequency", _DOWN),), {
        "job": "Have one more occasion to buy.",
        "objection": "It is not worth the way for so little: name the next occasion.",
        "do": "Write seldom, and each time about one occasion.",
        "dont": "Do not write more often than they buy.",
    }),
    Rule("newly won", (Condition("tenure_days", _DOWN),), {
        "job": "Find their way around after the first orders.",
        "benefit": "How things work here: delivery, returns, service.",
        "email": "Welcome, in three steps: thanks, how it works, the second order.",
        "trigger": "The first order.",
    }),
    Rule("long-standing", (Condition("tenure_days"),), {
        "benefit": "That they have been customers for so long is seen and valued.",
        "dont": "Do not introduce the shop to them.",
    }),
    Rule("big baskets", (Condition("average_order_value"),), {
        "job": "Get everything in one go.",
        "benefit": "Completeness, delivery, care for large orders.",
        "offer": "An extra from a value of the basket on that is above their mean, instead of a price cut.",
        "landing": "Lists and sets, not single articles.",
    }),
    Rule("small baskets", (Condition("average_order_value", _DOWN),), {
        "job": "Get one thing quickly.",
        "do": "Propose one fitting addition, not many.",
        "dont": "Do not set a minimum order that most of their orders miss.",
    }),
    Rule("price first", (Condition("discount_share"),), {
        "job": "Get what they need for less.",
        "benefit": "The price, and what is saved.",
        "objection": "Is it cheaper elsewhere? Show the price before and after.",
        "do": "They respond to discounts: lead with the price.",
        "dont": "Do not raise the depth of discounts step by step: they wait for it.",
        "email": "The offer in the subject line, its end in the first sentence.",
        "ad": "Price and date; nothing else.",
    }),
    Rule("range of discounts", (Condition("discount_share"), Condition("discounts")), {
        "offer": "A discount of {range} off the order, no deeper than most of their discounted orders have been.",
    }),
    Rule("full price", (Condition("discount_share", _DOWN),), {
        "job": "Get the right thing, whatever it costs.",
        "benefit": "Quality, novelty, service; not the price.",
        "offer": "No discount unless a test says otherwise: they get less off than others do.",
        "dont": "Do not discount: they pay the full price more than others do.",
    }),
    Rule("coupons", (Condition("coupons_per_order"),), {
        "do": "Put a coupon where it can be redeemed at once.",
        "trigger": "A coupon that is about to end.",
    }),
    Rule("responsive", (Condition("campaign_response_rate"),), {
        "do": "Ask them first: they answer campaigns more than others do.",
        "email": "A campaign with a clear request; they answer these.",
    }),
    Rule("indifferent", (Condition("campaign_response_rate", _DOWN),), {
        "dont": "Do not add campaigns: they answer fewer than others do.",
        "do": "Test another kind of approach on a part of them before the next campaign.",
    }),
    Rule("category", (Condition("category_share_*"),), {
        "benefit": "What they buy most compared with others: {label}.",
        "landing": "Open with the category behind this measure: {label}.",
        "social": "Pictures and news of it: {label}.",
    }),
    Rule("favourite item", (Condition("item", least=SMALL_LIFT),), {
        "offer": "Feature {item}: they buy it more often than others do.",
        "email": "News about {item}.",
        "landing": "{item} above the fold.",
        "social": "{item} in use.",
        "ad": "{item}.",
    }),
    Rule("cross-selling", (Condition("pair", least=1.0),), {
        "offer": "With {first}, propose {second}.",
        "do": "Put {second} beside {first}.",
        "trigger": "An order with {first} and without {second}.",
        "email": "After an order with {first}: {second}, which goes with it.",
    }),
    Rule("variety", (Condition("category_entropy"),), {
        "benefit": "Choice: something from several categories.",
        "landing": "An overview of several categories.",
    }),
    Rule("few categories", (Condition("category_entropy", _DOWN),), {
        "benefit": "Depth in the few categories that they buy.",
        "dont": "Do not show the whole assortment.",
    }),
    Rule("own labels", (Condition("private_label_share"),), {
        "benefit": "The own labels: like quality for less.",
    }),
    Rule("loyal to brands", (Condition("brand_loyalty"),), {
        "benefit": "That their brand is here.",
        "dont": "Do not replace their brand by another one in offers.",
    }),
    Rule("weekend", (Condition("weekend_order_share"),), {
        "do": "Be there before the weekend: they order then.",
        "trigger": "Friday.",
    }),
    Rule("weekdays", (Condition("weekend_order_share", _DOWN),), {
        "do": "Write on weekdays: they order then.",
    }),
    Rule("mobile", (Condition("mobile_share"),), {"landing": "Made for a phone first."}),
    Rule("app", (Condition("app_share"),), {"do": "Use messages in the app, where they are."}),
    Rule("abandoned carts", (Condition("cart_to_purchase_rate", _DOWN),), {
        "objection": "What kept them from ordering what lay in the cart: delivery costs, time, trust.",
        "trigger": "A cart without an order.",
    }),
    Rule("returns", (Condition("return_share"),), {
        "objection": "Will it fit, and what if not? Sizes, pictures, and how returning works.",
        "do": "Find out which articles come back before advertising them.",
    }),
    Rule("support", (Condition("support_contacts_count*"),), {
        "objection": "What they asked support about: answer it before they have to ask.",
        "dont": "Do not send offers while a request is open.",
    }),
    Rule("dissatisfied", (Condition("sentiment_mean", _DOWN),), {
        "objection": "What they complained about: say what has changed.",
        "do": "Listen first; offers later.",
    }),
    Rule("low ratings", (Condition("rating_mean", _DOWN),), {
        "objection": "What they rated low: say what has changed.",
    }),
    Rule("unsubscribing", (Condition("unsubscribe_rate"),), {
        "dont": "Do not write more often: they unsubscribe more than others do.",
        "do": "Let them choose how often, and about what.",
    }),
    Rule("preceding event", (Condition("trigger", least=1.0),), {
        "trigger": "{event}: it comes before their purchases more often than at other times.",
        "do": "Be there in the days after it: {event}.",
    }),
    Rule("praise in their words", (Condition("term", least=0.2),), {
        "benefit": "What they praise, in their own words: {term}.",
    }),
    Rule("complaint in their words", (Condition("term", _DOWN, 0.2),), {
        "objection": "What they complain about, in their own words: {term}.",
        "do": "Read what they wrote about it before the next campaign: {term}.",
    }),
)  # fmt: skip
