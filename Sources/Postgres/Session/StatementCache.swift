/// The statements prepared on one connection: at most so many, the least recently used one leaves.
///
/// Each property of a statement has an array of its own, so that a look-up copies nothing it does not need.
struct StatementCache {
    enum Lookup {
        /// The place of a statement that is prepared.
        case prepared(Int)
        /// The place of one that has to be prepared; `evicted` has to be freed at the server.
        case unprepared(Int, evicted: StatementName?)
    }

    /// The names at the server, by place.
    private(set) var names: ContiguousArray<StatementName> = []
    /// The numbers in the order of preparation, by place; 0 where nothing is prepared.
    private(set) var numbers: ContiguousArray<StatementNumber> = []
    private var templates: ContiguousArray<SQLTemplate> = []
    private var lastUses: ContiguousArray<Int> = []

    private var places: [UInt: Int] = [:]
    /// Where a fingerprint was found last, by its low bits: most look-ups end here.
    private var shortcuts = ContiguousArray<Int>(repeating: -1, count: Self.shortcutCount)
    private let capacity: Int
    private var clock = 0
    private var lastNumber: StatementNumber = 0

    private static var shortcutCount: Int { 64 }

    init(capacity: Int) {
        precondition(capacity > 0, "a statement cache holds at least one statement")
        self.capacity = capacity
    }

    var count: Int { places.count }

    /// Finds a statement, or makes room and a name for it.
    mutating func find(_ sql: borrowing SQL) -> Lookup {
        clock &+= 1
        let shortcut = Int(bitPattern: sql.body.fingerprint) & (Self.shortcutCount &- 1)
        let hint = shortcuts[shortcut]
        if hint >= 0, numbers[hint] > 0, templates[hint].fits(sql) {
            lastUses[hint] = clock
            return .prepared(hint)
        }
        if let place = places[sql.body.fingerprint], templates[place].fits(sql) {
            shortcuts[shortcut] = place
            lastUses[place] = clock
            return .prepared(place)
        }
        return add(sql)
    }

    /// Forgets a statement that the server does not have (any more).
    mutating func forget(_ number: StatementNumber) {
        guard let place = numbers.firstIndex(of: number) else { return }
        places.removeValue(forKey: templates[place].fingerprint)
        numbers[place] = 0
    }

    private mutating func add(_ sql: borrowing SQL) -> Lookup {
        lastNumber += 1
        let name = StatementName(number: lastNumber)
        let (place, evicted) = makeRoom(for: sql.body.fingerprint)
        if place == numbers.count {
            names.append(name)
            numbers.append(lastNumber)
            templates.append(SQLTemplate(sql))
            lastUses.append(clock)
        } else {
            names[place] = name
            numbers[place] = lastNumber
            templates[place] = SQLTemplate(sql)
            lastUses[place] = clock
        }
        places[sql.body.fingerprint] = place
        return .unprepared(place, evicted: evicted)
    }

    private mutating func makeRoom(for fingerprint: UInt) -> (place: Int, evicted: StatementName?) {
        // Two statements with one fingerprint share a place: the newer one takes it.
        if let place = places[fingerprint] { return (place, names[place]) }
        if let free = numbers.firstIndex(of: 0) { return (free, nil) }
        if numbers.count < capacity { return (numbers.count, nil) }
        let oldest = lastUses.indices.min { lastUses[$0] < lastUses[$1] }!
        places.removeValue(forKey: templates[oldest].fingerprint)
        return (oldest, names[oldest])
    }
}
