// Parameters of statements, for every version of the interfaces: `<type>:<text>`, the type as the
// contract calls it.

/// Each of these gives the parameter, or none where the type is not among its own.
macro_rules! plain {
    ($P:ident, $kind:expr, $text:expr) => {
        match $kind {
            "boolean" => Some($P::Boolean(number($text))),
            "int8" => Some($P::Int8(number($text))),
            "int16" => Some($P::Int16(number($text))),
            "int32" => Some($P::Int32(number($text))),
            "int64" => Some($P::Int64(number($text))),
            "floating32" => Some($P::Floating32(number($text))),
            "floating64" => Some($P::Floating64(number($text))),
            "str" => Some($P::Str($text.to_owned())),
            "binary" => Some($P::Binary($text.as_bytes().to_vec())),
            "db-null" => Some($P::DbNull),
            _ => None,
        }
    };
}

macro_rules! unsigned {
    ($P:ident, $kind:expr, $text:expr) => {
        match $kind {
            "uint8" => Some($P::Uint8(number($text))),
            "uint16" => Some($P::Uint16(number($text))),
            "uint32" => Some($P::Uint32(number($text))),
            "uint64" => Some($P::Uint64(number($text))),
            _ => None,
        }
    };
}

/// Their parts, with a blank between two.
macro_rules! temporal {
    ($P:ident, $kind:expr, $text:expr) => {{
        let parts: Vec<&str> = $text.split(' ').collect();
        match ($kind, parts.as_slice()) {
            ("date", [y, m, d]) => Some($P::Date((number(y), number(m), number(d)))),
            ("time", [h, m, s, n]) => Some($P::Time((number(h), number(m), number(s), number(n)))),
            ("datetime", [y, mo, d, h, m, s, n]) => Some($P::Datetime((
                number(y),
                number(mo),
                number(d),
                number(h),
                number(m),
                number(s),
                number(n),
            ))),
            ("timestamp", [seconds]) => Some($P::Timestamp(number(seconds))),
            _ => None,
        }
    }};
}

/// What only the fourth version of PostgreSQL's has.
macro_rules! rich {
    ($module:ident, $P:ident, $kind:expr, $text:expr) => {{
        use $module::{Interval, RangeBoundKind};
        let kind = |inclusive| match inclusive {
            true => RangeBoundKind::Inclusive,
            false => RangeBoundKind::Exclusive,
        };
        macro_rules! ends {
            () => {{
                let (low, high) = range($text);
                (low.map(|(v, i)| (v, kind(i))), high.map(|(v, i)| (v, kind(i))))
            }};
        }
        match $kind {
            "uuid" => Some($P::Uuid($text.to_owned())),
            "jsonb" => Some($P::Jsonb($text.as_bytes().to_vec())),
            "decimal" => Some($P::Decimal($text.to_owned())),
            "range-int32" => Some($P::RangeInt32(ends!())),
            "range-int64" => Some($P::RangeInt64(ends!())),
            "range-decimal" => Some($P::RangeDecimal(ends!())),
            "array-int32" => Some($P::ArrayInt32(items($text))),
            "array-int64" => Some($P::ArrayInt64(items($text))),
            "array-decimal" => Some($P::ArrayDecimal(items($text))),
            "array-str" => Some($P::ArrayStr(items($text))),
            "interval" => {
                let parts: Vec<&str> = $text.split(' ').collect();
                Some($P::Interval(Interval {
                    micros: number(parts[0]),
                    days: number(parts[1]),
                    months: number(parts[2]),
                }))
            }
            _ => None,
        }
    }};
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is no such number"))
}

fn kind_and_text<'a>(word: &'a str) -> (&'a str, &'a str) {
    word.split_once(':').unwrap_or((word, ""))
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[allow(dead_code)]
type End<T> = Option<(T, bool)>;

/// `[low,high)`: a bracket is inclusive; an end that is not there is none.
#[allow(dead_code)]
fn range<T: std::str::FromStr>(text: &str) -> (End<T>, End<T>) {
    let (low, high) = text[1..text.len() - 1].split_once(',').expect("two ends");
    let end = |text: &str, inclusive| (!text.is_empty()).then(|| (number(text), inclusive));
    (end(low, text.starts_with('[')), end(high, text.ends_with(']')))
}

/// With a comma between two; `_` is none.
#[allow(dead_code)]
fn items<T: std::str::FromStr>(text: &str) -> Vec<Option<T>> {
    text.split(',').map(|item| (item != "_").then(|| number(item))).collect()
}
