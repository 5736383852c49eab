//! The gateway in front of the simulated service: counts calls in token buckets, and calls under
//! way at once. Pure: time is a parameter.

use crate::server::{Kind, Server};

/// How full each bucket is, and how many calls are under way.
#[derive(Debug)]
pub struct Gateway {
    /// Tokens, and when they were counted.
    levels: Vec<(f64, f64)>,
    under_way: u32,
}

impl Gateway {
    /// Full buckets.
    pub fn new(server: &Server) -> Self {
        let levels = server.buckets.iter().map(|bucket| (bucket.burst, 0.0)).collect();
        Self { levels, under_way: 0 }
    }

    /// Admits a call that counts as each of `kinds`, at `age` seconds; or says after how many
    /// seconds one would be admitted.
    pub fn admit(&mut self, server: &Server, kinds: &[Kind], age: f64) -> Result<(), f64> {
        if server.at_once.is_some_and(|most| self.under_way >= most) {
            return Err(1.0);
        }
        let counts =
            |nth: usize| server.buckets[nth].counts.iter().any(|kind| kinds.contains(kind));
        for (nth, bucket) in server.buckets.iter().enumerate() {
            let rate = server.rate_at(bucket, age);
            let (tokens, at) = self.levels[nth];
            self.levels[nth] = ((tokens + (age - at) * rate).min(bucket.burst), age);
            let missing = 1.0 - self.levels[nth].0;
            // Sums of rounded times are off by less than this.
            if counts(nth) && missing > 1e-9 {
                return Err(missing / rate);
            }
        }
        for nth in 0..self.levels.len() {
            if counts(nth) {
                self.levels[nth].0 -= 1.0;
            }
        }
        self.under_way += 1;
        Ok(())
    }

    /// An admitted call is over.
    pub fn release(&mut self) {
        self.under_way -= 1;
    }
}

#[test]
fn buckets_count_what_they_are_to_count() {
    use crate::server::Bucket;
    let bucket = Bucket { counts: vec![Kind::Create, Kind::Start], rate: 2.0, burst: 3.0 };
    let server = Server { buckets: vec![bucket], at_once: Some(2), ..Server::plain(1.0) };
    let mut gateway = Gateway::new(&server);
    let mut admit = |kind, age| {
        let admitted = gateway.admit(&server, &[kind], age);
        if admitted.is_ok() {
            gateway.release();
        }
        admitted
    };
    for _ in 0..3 {
        assert_eq!(admit(Kind::Start, 0.0), Ok(()));
        assert_eq!(admit(Kind::List, 0.0), Ok(()));
    }
    assert_eq!(admit(Kind::Create, 0.0), Err(0.5));
    assert_eq!(admit(Kind::Create, 0.5), Ok(()));
    assert_eq!(admit(Kind::Start, 0.75), Err(0.25));
    let mut gateway = Gateway::new(&server);
    assert_eq!(gateway.admit(&server, &[Kind::List], 0.0), Ok(()));
    assert_eq!(gateway.admit(&server, &[Kind::List], 0.0), Ok(()));
    assert_eq!(gateway.admit(&server, &[Kind::List], 0.0), Err(1.0));
}
