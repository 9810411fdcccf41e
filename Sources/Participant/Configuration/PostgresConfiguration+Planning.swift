import Postgres

extension PostgresConfiguration {
    /// The configuration with the planner set for work by key, as far as nothing else is said.
    ///
    /// A participant finds every row by a key, a batch at a time. The planner does not know that: while a table is small it
    /// joins a batch to it by reading all of it, or all of an index, and keeps that plan, prepared, when the table has grown.
    /// So whole tables are read only where no index serves, rows are looked up one by one rather than joined to all there are,
    /// plans are made once for all parameters, and none is worth compiling.
    var planningByKey: PostgresConfiguration {
        var configuration = self
        let settings = [
            "enable_seqscan": "off", "enable_mergejoin": "off", "enable_hashjoin": "off", "enable_material": "off",
            "plan_cache_mode": "force_generic_plan", "jit": "off",
        ]
        configuration.sessionSettings.merge(settings) { chosen, _ in chosen }
        return configuration
    }
}
