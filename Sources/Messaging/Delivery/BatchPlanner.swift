/// A message of a batch, as far as planning needs to know it.
package struct BatchItem: Sendable, Hashable {
    package let id: UUIDv7
    /// The aggregate the command is about: commands of one key run in order of arrival, others beside each other.
    package let key: String
    /// The fence row it locks, where it belongs to a pair of do and undo.
    package let fence: String?
    /// Why it runs alone, so that it harms nobody else; nil if it need not.
    package let suspicion: Suspicion?

    package init(id: UUIDv7, key: String, fence: String? = nil, suspicion: Suspicion?) {
        self.id = id
        self.key = key
        self.fence = fence
        self.suspicion = suspicion
    }

    package enum Suspicion: Sendable, Hashable {
        /// It was delivered before. It is where it was then: what is behind it may build on it, and waits.
        case redelivered
        /// It has an attempt behind it, and lost its place when it was put off: only its key waits for it.
        case retried
    }
}

/// The messages of one transaction, by their places in the batch.
package struct BatchRun: Sendable, Hashable {
    /// In order of arrival.
    package let members: [Int]
    /// The members by key, each group in order of arrival, groups by the arrival of their first.
    package let groups: [[Int]]
    /// The key of each group. Whoever locks them has to put them in an order that all processes have.
    package let keys: [String]
    /// Whether it may take for granted what it would otherwise ask the database first: that nobody has handled its messages.
    package let mayBeOptimistic: Bool
}

/// How a run's transaction ended.
package enum RunEnd: Sendable, Hashable {
    case committed
    /// The handlers of these members failed; the transaction is rolled back.
    case failed([Int: HandlingOutcome])
    /// An error whose owner is unclear; the transaction is rolled back.
    case unclear
    /// Two transactions waited for each other, or this one too long for a lock; it is rolled back.
    case deadlock
    /// What an optimistic run took for granted is not so, or it failed in another way; it is rolled back.
    case conflict
    /// The ground is gone, or nobody knows whether the transaction was committed.
    case ground
}

/// Decides what of a batch runs together, and what runs again after a failure.
///
/// Pure: it holds no message, only places in the batch. One failing message costs only itself: it is set apart and the rest
/// runs again. An error nobody owns up to halves the run until it has an owner.
package struct BatchPlanner: Sendable, Hashable {
    package static let runSizeMaxDefault = 64
    /// How often in a row a message waits alone for what somebody else has locked, before it lets the others pass.
    package static let lockedOutMax = 3

    private let items: [BatchItem]
    private let runSizeMax: Int
    /// What still has to run, in order.
    private var pending: [[Int]]
    /// Later copies of a message in the same batch, by the first. They share its fate.
    package let twins: [Int: [Int]]
    /// Until something in the batch is not as it was taken for granted.
    private var isOptimistic = true
    /// How often in a row the first to run, alone, has waited in vain.
    private var lockedOutCount = 0
    /// Whether there is a place where a message that is locked out can wait.
    private let hasPlaceToWait: Bool

    package init(
        _ items: [BatchItem], runSizeMax: Int = BatchPlanner.runSizeMaxDefault, hasPlaceToWait: Bool = true
    ) {
        self.items = items
        self.hasPlaceToWait = hasPlaceToWait
        self.runSizeMax = max(1, runSizeMax)
        let (unique, twins) = Self.withoutTwins(items)
        self.twins = twins
        pending = []
        pending = plan(unique)
    }

    /// The next run, or nil if all is done. The caller tells with `ended` what came of it before it asks again.
    package mutating func next() -> BatchRun? {
        guard let members = pending.first else { return nil }
        pending.removeFirst()
        return run(members)
    }

    /// Takes note of how a run ended.
    ///
    /// - Returns: the members that are set apart, with what became of them; a shell settles them by the rule.
    package mutating func ended(_ run: BatchRun, _ end: RunEnd) -> [Int: HandlingOutcome] {
        if end != .deadlock { lockedOutCount = 0 }
        switch end {
        case .committed: return [:]
        case .failed(let failed):
            putBack([run.members.filter { failed[$0] == nil }])
            return failed
        case .ground:
            putBack([run.members])
            return [:]
        case .unclear:
            guard run.members.count > 1 else { return [run.members[0]: .handlerFailed] }
            putBack(halves(run.members))
            return [:]
        case .conflict:
            isOptimistic = false
            putBack([run.members])
            return [:]
        case .deadlock:
            guard run.members.count == 1 else {
                putBack(halves(run.members))
                return [:]
            }
            lockedOutCount += 1
            if hasPlaceToWait, lockedOutCount == Self.lockedOutMax {
                lockedOutCount = 0
                return [run.members[0]: .blocked]
            }
            putBack([run.members])
            return [:]
        }
    }

    private mutating func putBack(_ runs: [[Int]]) {
        pending.insert(contentsOf: runs.filter { !$0.isEmpty }, at: 0)
    }

    private func halves(_ members: [Int]) -> [[Int]] {
        let middle = (members.count + 1) / 2
        return [Array(members[..<middle]), Array(members[middle...])]
    }

    private func run(_ members: [Int]) -> BatchRun {
        var groups: [[Int]] = []
        var placeOfKey: [String: Int] = [:]
        for member in members {
            let key = items[member].key
            if let place = placeOfKey[key] {
                groups[place].append(member)
            } else {
                placeOfKey[key] = groups.count
                groups.append([member])
            }
        }
        return BatchRun(
            members: members, groups: groups, keys: groups.map { items[$0[0]].key },
            mayBeOptimistic: isOptimistic && !members.contains(where: isSuspicious))
    }

    private static func withoutTwins(_ items: [BatchItem]) -> (unique: [Int], twins: [Int: [Int]]) {
        var firstOfID: [UUIDv7: Int] = [:]
        var unique: [Int] = []
        var twins: [Int: [Int]] = [:]
        for (place, item) in items.enumerated() {
            if let first = firstOfID[item.id] {
                twins[first, default: []].append(place)
            } else {
                firstOfID[item.id] = place
                unique.append(place)
            }
        }
        return (unique, twins)
    }

    /// Cuts a batch into runs: the unsuspicious together, each suspicious one alone, the order within a key kept.
    private func plan(_ members: [Int]) -> [[Int]] {
        var runs: [[Int]] = []
        var sinceRedelivered: [Int] = []
        for member in members {
            if anyCopy(of: member, { $0 == .redelivered }) {
                runs += planWithoutRedelivered(sinceRedelivered) + [[member]]
                sinceRedelivered = []
            } else {
                sinceRedelivered.append(member)
            }
        }
        return runs + planWithoutRedelivered(sinceRedelivered)
    }

    private func planWithoutRedelivered(_ members: [Int]) -> [[Int]] {
        var runs: [[Int]] = []
        var remaining = members
        while !remaining.isEmpty {
            let (together, rest) = firstRun(of: remaining)
            if !together.isEmpty { runs.append(together) }
            // What is left over starts with a suspicious one, or with one that found the run full.
            guard let first = rest.first, isSuspicious(first) else {
                remaining = rest
                continue
            }
            runs.append([first])
            remaining = Array(rest.dropFirst())
        }
        return runs
    }

    /// The members that may run at once, and the rest in its order: suspicious ones, and all of a key behind one left over.
    ///
    /// Two commands of one fence never share a run, because the second must see what the first made of the row.
    private func firstRun(of members: [Int]) -> (together: [Int], rest: [Int]) {
        var together: [Int] = []
        var rest: [Int] = []
        var heldKeys: Set<String> = []
        var fences: Set<String> = []
        for member in members {
            let item = items[member]
            let isFenceTaken = item.fence.map(fences.contains) ?? false
            if isSuspicious(member) || isFenceTaken || heldKeys.contains(item.key) || together.count == runSizeMax {
                heldKeys.insert(item.key)
                rest.append(member)
            } else {
                together.append(member)
                if let fence = item.fence { fences.insert(fence) }
            }
        }
        return (together, rest)
    }

    private func isSuspicious(_ member: Int) -> Bool { anyCopy(of: member) { $0 != nil } }

    /// A message is suspected of what any of its copies is.
    private func anyCopy(of member: Int, _ matches: (BatchItem.Suspicion?) -> Bool) -> Bool {
        matches(items[member].suspicion)
            || twins[member].map { $0.contains { matches(items[$0].suspicion) } } ?? false
    }
}
