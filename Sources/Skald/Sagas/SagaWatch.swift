import Orchestration
import SagaModel

/// Tells of every saga that starts, gets stuck or ends, once.
///
/// A change is written with the time at which its transaction began and is seen only after the commit, so each look goes
/// further back than the one before, and what was told is left out.
struct SagaWatch {
    /// Between two looks at all sagas.
    static let interval = Duration.milliseconds(500)
    /// How long a change may take to be seen, with what clocks differ by.
    static let overlapMilliseconds: Int64 = 5000
    private static let pageCountMax = 500

    /// From when on the next look asks for changes, in milliseconds since 1970.
    private var from: Int64
    /// Whether there was a look before: what the first finds happened earlier.
    private var hasBegun = false
    private var told: [Identifier: Told] = [:]

    /// What was told last of a saga.
    private struct Told {
        var state: String?
        var isOver: Bool
        /// When that was, by the saga.
        var at: Int64
    }

    init(now: Int64) { from = now - Self.overlapMilliseconds }

    /// Reads what has changed since the last look, page by page.
    ///
    /// - Returns: what to tell.
    mutating func look(_ store: SagaStore, pageCountMax: Int = SagaWatch.pageCountMax) async throws -> [String] {
        let now = try await store.now()
        var lines: [String] = []
        var after: Identifier?
        repeat {
            let page = try await store.changes(from: from, after: after, countMax: pageCountMax)
            for saga in page.sagas { lines += take(saga) }
            after = page.next
        } while after != nil
        defer { finish(at: now) }
        return hasBegun ? lines : []
    }

    private mutating func take(_ saga: SagaSummary) -> [String] {
        let before = told[saga.id]
        let isOver = saga.endedAt != nil
        let state = isOver || saga.standing == .stuck ? saga.outcome ?? saga.standing.rawValue : nil
        told[saga.id] = Told(state: state, isOver: isOver, at: saga.endedAt ?? saga.changedAt)
        let line = "\(saga.name.padded(to: 14)) \(saga.key)"
        // One that began before these changes was told of by an earlier look.
        var lines = before == nil && saga.startedAt >= from ? ["\(line) started"] : []
        if let state, state != before?.state { lines.append("\(line) \(state)") }
        return lines
    }

    /// Forgets what no later look meets again; one that is stuck may lie there for long.
    private mutating func finish(at now: Int64) {
        hasBegun = true
        from = now - Self.overlapMilliseconds
        told = told.filter { $0.value.at >= from || ($0.value.state != nil && !$0.value.isOver) }
    }
}
