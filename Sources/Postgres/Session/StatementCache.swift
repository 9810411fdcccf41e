/// The statements prepared on one connection: at most so many, the least recently used one leaves.
struct StatementCache {
    private struct Entry {
        let template: SQL
        let number: StatementNumber
        let name: StatementName
        var lastUse: Int
    }

    enum Lookup {
        case prepared(StatementName, StatementNumber)
        /// Has to be prepared under this name; `evicted` has to be freed at the server.
        case unprepared(StatementName, StatementNumber, evicted: StatementName?)
    }

    private var entries: [UInt: Entry] = [:]
    private let capacity: Int
    private var clock = 0
    private var lastNumber: StatementNumber = 0

    init(capacity: Int) {
        precondition(capacity > 0, "a statement cache holds at least one statement")
        self.capacity = capacity
        entries.reserveCapacity(capacity)
    }

    var count: Int { entries.count }

    /// Finds a statement, or makes room and a name for it.
    mutating func find(_ sql: borrowing SQL) -> Lookup {
        clock += 1
        if let index = entries.index(forKey: sql.fingerprint) {
            entries.values[index].lastUse = clock
            let entry = entries.values[index]
            if entry.template.hasSameTemplate(as: sql) { return .prepared(entry.name, entry.number) }
        }
        return add(copy sql)
    }

    /// Forgets a statement that the server does not have (any more).
    mutating func forget(_ number: StatementNumber) {
        guard let index = entries.firstIndex(where: { $0.value.number == number }) else { return }
        entries.remove(at: index)
    }

    private mutating func add(_ sql: SQL) -> Lookup {
        // Two statements with one fingerprint share a place: the newer one takes it.
        var evicted = entries.removeValue(forKey: sql.fingerprint)?.name
        if evicted == nil && entries.count >= capacity { evicted = evictLeastRecentlyUsed() }
        lastNumber += 1
        let entry = Entry(
            template: sql.template, number: lastNumber, name: StatementName(number: lastNumber), lastUse: clock)
        entries[sql.fingerprint] = entry
        return .unprepared(entry.name, entry.number, evicted: evicted)
    }

    private mutating func evictLeastRecentlyUsed() -> StatementName? {
        guard let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return nil }
        return entries.removeValue(forKey: oldest.key)?.name
    }
}
