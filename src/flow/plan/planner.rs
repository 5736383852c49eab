//! The plan of a batch: every input is found, and added to the plan in the ledger.

use std::collections::HashSet;
use std::path::PathBuf;

use super::inputs::discover::find;
use super::inputs::{DirectoryItem, DiscoveredInput, InputSpec, Take};
use super::objects::ObjectFinder;
use super::plan_builder::PlanBuilder;
use super::request::{Plan, PlanRequest, Planner};
use crate::ledger::{BatchId, NewBatch};
use crate::model::{Failure, ObjectUrl};

impl Planner<'_> {
    /// Creates the plan. Blocking: reads and hashes every file.
    ///
    /// # Errors
    ///
    /// A mistake of the command line, a collision of names, or a local error; or nothing was found
    /// where something was named. No plan is left behind, and nothing was sent.
    pub fn plan(&self, request: PlanRequest) -> Result<Plan, Failure> {
        request.options.check().map_err(|bad| Failure::usage("invalid options", bad.0))?;
        request.run_options.check()?;
        let pricing = self
            .pricing
            .map(|pricing| self.ledger.record_pricing(&self.key.origin, pricing))
            .transpose()?;
        let batch = self.ledger.create_batch(&NewBatch {
            profile: self.profile.to_owned(),
            key: self.key.clone(),
            run_options: request.run_options.to_json(),
            pricing,
        })?;
        self.fill(batch, pricing, request).inspect_err(|_| {
            // The batch is not finished: should this fail too, nothing is ever sent for it.
            let _ = self.ledger.delete_batch(batch);
        })
    }

    fn fill(
        &self,
        batch: BatchId,
        pricing: Option<i64>,
        mut request: PlanRequest,
    ) -> Result<Plan, Failure> {
        let lists = std::mem::take(&mut request.lists);
        let mut builder = PlanBuilder::new(self, batch, pricing, &request)?;
        let PlanRequest { named, selection, only, hash_objects, template, .. } = &request;
        let Planner { stores, observer, stop, .. } = *self;
        let objects = ObjectFinder::new(stores, *hash_objects, template, observer, stop);
        let find_objects = |url: &ObjectUrl, explicit: bool, take: &mut Take<'_>| {
            objects.find(url, explicit, selection, take)
        };
        find(named, lists, selection, &find_objects, &mut |discovered| match (only, discovered) {
            (None, discovered) => builder.add_discovered(discovered),
            (Some(only), DirectoryItem::Input(found)) if is_selected(only, &found) => {
                builder.add(&found, None)
            }
            (Some(_), _) => Ok(()),
        })?;
        builder.flush()?;
        builder.report_repeated();
        let (mut refused, outputs) = (builder.refused, builder.unknown_outputs);
        let totals = self.ledger.plan_totals(batch)?;
        let mut plan = Plan { batch, totals, refused: Vec::new(), outputs };
        if plan.is_empty() && !refused.is_empty() {
            let first = refused.remove(0);
            self.warn_about(&refused);
            return Err(first);
        }
        self.warn_about(&refused);
        plan.refused = refused;
        self.ledger.finish_plan(batch)?;
        Ok(plan)
    }
}

fn is_selected(only: &HashSet<PathBuf>, found: &DiscoveredInput) -> bool {
    matches!(&found.input, InputSpec::Path(path) if only.contains(path))
}
