//! Prices (contract, *Credits*).

use serde_json::{Value, json};

/// Credits per minute of output, by model.
const CREDITS_PER_MINUTE: [(&str, f64); 4] =
    [("original", 60.0), ("light", 45.0), ("pro", 180.0), ("human", 45.0)];

pub(crate) fn models() -> impl Iterator<Item = &'static str> {
    CREDITS_PER_MINUTE.iter().map(|(model, _)| *model)
}

/// Credits for `seconds` of output by `model`; 0 for an unknown model, which no job can have.
pub(crate) fn credits(model: &str, seconds: f64) -> f64 {
    let rate = CREDITS_PER_MINUTE.iter().find(|(name, _)| *name == model).map_or(0.0, |(_, r)| *r);
    rounded(rate * seconds / 60.0)
}

/// Rounded to four decimals, so that sums agree in any order.
pub(crate) fn rounded(credits: f64) -> f64 {
    (credits * 10_000.0).round() / 10_000.0
}

/// The response of `GET /api/pricing`.
pub(crate) fn answer() -> Value {
    let models: serde_json::Map<String, Value> =
        CREDITS_PER_MINUTE.iter().map(|(model, rate)| ((*model).to_owned(), json!(rate))).collect();
    json!({
        "model_pricing_credits_per_minute": models,
        "price_per_second_cents": 1,
        "packages": [
            { "id": "starter", "credits": 600, "price_cents": 600 },
            { "id": "studio", "credits": 6000, "price_cents": 5400 },
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_costs_what_the_contract_says() {
        let per_minute: Vec<f64> = models().map(|model| credits(model, 60.0)).collect();
        assert_eq!(per_minute, [60.0, 45.0, 180.0, 45.0]);
        assert!((credits("human", 2.0) - 1.5).abs() < 1e-9);
    }
}
