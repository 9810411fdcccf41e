import Messaging
import Orchestration
import Postgres
import SagaModel

extension AuditReader {
    /// How many histories, with what the participants say of their steps, are in memory at a time; what is kept of every saga
    /// is its row alone.
    static let historyCountMax = 500

    /// Hands every saga's history to the audit, with what its row says.
    ///
    /// - Parameter countMax: how many histories to take at a time.
    func auditHistories(
        _ audit: inout HistoryAudit, countMax: Int = AuditReader.historyCountMax
    ) async throws {
        let orchestrator = try pool(TopologyNames.orchestrator)
        var rows = try await sagaRows()
        let shelf = DefinitionShelf()
        for hash in Set(rows.values.map(\.hash)).sorted() {
            do {
                try await shelf.load([hash], from: orchestrator)
            } catch let error where !(error is PostgresError) {
                for (id, row) in rows where row.hash == hash {
                    audit.takeWithoutDefinition(row.name, because: "\(error)")
                    rows[id] = nil
                }
            }
        }
        var taken = HistoryAudit()
        swap(&taken, &audit)
        let pages = HistoryPages(taken, participants: Array(pools.values), countMax: countMax)
        try await SagaStore(orchestrator).forEachHistory { id, history in
            // A saga that moved on since its row was read is looked at next time.
            guard let row = rows.removeValue(forKey: id), Int64(history.entries.count) <= row.version,
                let definition = shelf.definition(hash: row.hash)
            else { return }
            try await pages.take(HistoryPages.Item(id: id, row: row, history: history, definition: definition.compiled))
        }
        try await pages.finish()
        audit = pages.audit
        // What is left has no history, unless retention took both meanwhile.
        let left = try await orchestrator.query(
            "SELECT id FROM saga_instance WHERE id = ANY (\(rows.keys.map { PostgresUUID(high: $0.high, low: $0.low) }))"
        )
        for id in left {
            let id = try id.decode(PostgresUUID.self, at: 0)
            guard let row = rows[Identifier(high: id.high, low: id.low)] else { continue }
            audit.takeWithoutHistory(row.name, version: row.version)
        }
    }

    /// What a saga's row says.
    struct SagaRow: Sendable {
        /// How offenders are listed.
        let name: String
        let hash: String
        let version: Int64
        let state: String
    }

    private func sagaRows() async throws -> [Identifier: SagaRow] {
        var rows: [Identifier: SagaRow] = [:]
        for row in try await pool(TopologyNames.orchestrator).query(
            "SELECT id, name || ' ' || key, definition, version, state FROM saga_instance")
        {
            let (id, name, hash, version, state) = try row.decode(
                PostgresUUID.self, String.self, String.self, Int64.self, String.self)
            rows[Identifier(high: id.high, low: id.low)] = SagaRow(
                name: name, hash: hash, version: version, state: state)
        }
        return rows
    }
}

/// Gathers histories into pages and asks the participants for the fences of one page at a time.
///
/// They are asked after the sagas' rows were read: when a saga is over its participants have done all they will.
private final class HistoryPages {
    struct Item {
        let id: Identifier
        let row: AuditReader.SagaRow
        let history: History
        let definition: CompiledDefinition
    }

    private(set) var audit: HistoryAudit
    private let participants: [PostgresPool]
    private let countMax: Int
    private var page: [Item] = []

    init(_ audit: HistoryAudit, participants: [PostgresPool], countMax: Int) {
        self.audit = audit
        self.participants = participants
        self.countMax = countMax
    }

    func take(_ item: Item) async throws {
        page.append(item)
        if page.count >= countMax { try await finish() }
    }

    /// Looks at what is left.
    func finish() async throws {
        if page.isEmpty { return }
        let fences = try await fences(of: page.map(\.id.description))
        for item in page {
            audit.take(
                item.row.name, item.history, by: item.definition, version: item.row.version, state: item.row.state,
                fences: fences[item.id.description] ?? [:])
        }
        page = []
    }

    /// What all participants say of the steps that can be undone, by saga and step.
    private func fences(of sagas: [String]) async throws -> [String: [String: String]] {
        var fences: [String: [String: String]] = [:]
        for pool in participants {
            for row in try await pool.query("SELECT saga, step, state FROM skald.fence WHERE saga = ANY (\(sagas))") {
                let (saga, step, state) = try row.decode(String.self, String.self, String.self)
                fences[saga, default: [:]][step] = state
            }
        }
        return fences
    }
}
