extension PostgresPool {
    /// Brings the schema up to date: whoever comes first applies what is missing, the others wait and find it done.
    ///
    /// Each migration is applied and recorded in one transaction, so it is there wholly or not at all.
    ///
    /// - Parameters:
    ///   - set: names the migrations that belong together, so that several stores can share a database.
    ///   - timeout: for each statement, and for waiting while another process migrates.
    /// - Throws: ``PostgresError/Code/migrationRefused`` when program and database contradict each other.
    @discardableResult
    public func migrate(
        _ set: String, _ migrations: [Migration], timeout: Duration = .seconds(120)
    ) async throws -> MigrationReport {
        for migration in migrations { try migration.check() }
        var report = MigrationReport()
        while true {
            let step = try await withTransaction { transaction in
                let ledger = MigrationLedger(transaction: transaction, set: set, timeout: timeout)
                return try await ledger.applyNext(of: migrations)
            }
            report.version = step.version
            guard let number = step.applied else { return report }
            report.applied.append(number)
        }
    }

    /// The numbers of the migrations that are not applied yet, for those that have no right to apply them.
    public func pendingMigrations(_ set: String, _ migrations: [Migration]) async throws -> [Int] {
        for migration in migrations { try migration.check() }
        return try await withTransaction(readOnly: true) { transaction in
            let ledger = MigrationLedger(transaction: transaction, set: set, timeout: configuration.timeouts.statement)
            guard try await ledger.exists() else { return migrations.map(\.number) }
            return try await ledger.plan(migrations).pending()
        }
    }
}

extension Migration {
    /// A value would not show in the checksum.
    func check() throws(PostgresError) {
        for statement in statements where statement.parameterCount > 0 {
            throw PostgresError(
                .migrationRefused, note: "migration \(number) \"\(name)\" binds values; write them as literals",
                statement: statement.text)
        }
    }
}
