//! Query strings: unknown names are ignored, known ones checked.

use url::form_urlencoded;

use crate::sandbox::service::Refusal;

pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn of(query: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// The first value of a name.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A whole number within bounds, if set.
    pub(crate) fn number(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ if most == u64::MAX => {
                Err(Refusal::invalid(format!("{name} must be a number, at least {least}")))
            }
            _ => Err(Refusal::invalid(format!("{name} must be {least} to {most}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_bounds() {
        let query = Query::of(Some("limit=5&days=91&offset=-1&x"));
        assert_eq!(query.number("limit", 1, 100), Ok(Some(5)));
        assert_eq!(query.number("absent", 1, 100), Ok(None));
        assert!(query.number("days", 1, 90).is_err());
        assert!(query.number("offset", 0, u64::MAX).is_err());
    }
}
