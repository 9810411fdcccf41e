import Testing

@testable import Postgres

@Suite struct StatementCacheTests {
    private let statements: [SQL] = ["SELECT 1", "SELECT 2", "SELECT 3"]

    /// Looks a statement up.
    ///
    /// - Returns: the name it has, whether it has to be prepared, and who left for it.
    private func find(_ sql: SQL, _ cache: inout StatementCache) -> (name: String, isNew: Bool, evicted: String?) {
        switch cache.find(sql) {
        case .prepared(let place): (text(cache.names[place]), false, nil)
        case .unprepared(let place, let evicted): (text(cache.names[place]), true, evicted.map(text))
        }
    }

    private func text(_ name: StatementName) -> String { String(name.deallocation.dropFirst("DEALLOCATE ".count)) }

    @Test func aStatementIsPreparedOnce() {
        var cache = StatementCache(capacity: 4)
        for expected in [true, false, false] {
            let found = find(statements[0], &cache)
            #expect(found.isNew == expected)
            #expect(found.name == "s1")
        }
        #expect(find(statements[1], &cache).name == "s2")
    }

    @Test func theLeastRecentlyUsedLeaves() {
        var cache = StatementCache(capacity: 2)
        _ = find(statements[0], &cache)
        _ = find(statements[1], &cache)
        _ = find(statements[0], &cache)
        let third = find(statements[2], &cache)
        #expect(third.evicted == "s2")
        #expect(!find(statements[0], &cache).isNew)
        #expect(find(statements[1], &cache).isNew)
        #expect(cache.count == 2)
    }

    @Test func namesAreNeverUsedTwice() {
        var cache = StatementCache(capacity: 1)
        var names = Set<String>()
        for round in 0..<30 { names.insert(find(statements[round % 3], &cache).name) }
        #expect(names.count == 30)
    }

    @Test func aForgottenStatementIsPreparedAfresh() {
        var cache = StatementCache(capacity: 2)
        guard case .unprepared(let place, _) = cache.find(statements[0]) else { return #expect(Bool(false)) }
        cache.forget(cache.numbers[place])
        #expect(cache.count == 0)
        #expect(find(statements[0], &cache) == ("s2", true, nil))
        #expect(find(statements[1], &cache).evicted == nil)
    }

    @Test func statementsWithOneFingerprintAreToldApart() {
        var cache = StatementCache(capacity: 4)
        var twin = statements[1]
        twin.body.fingerprint = statements[0].body.fingerprint
        _ = find(statements[0], &cache)
        let second = find(twin, &cache)
        #expect(second.isNew)
        #expect(second.evicted == "s1")
        #expect(!find(twin, &cache).isNew)
        #expect(find(statements[0], &cache).isNew)
    }
}
