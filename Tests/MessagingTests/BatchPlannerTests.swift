import Messaging
import Testing

@Suite struct BatchPlannerTests {
    private static func id(_ number: Int) -> UUIDv7 {
        UUIDv7(milliseconds: 0, randomHigh: 0, randomLow: UInt64(number))
    }

    /// `"a1 !b2 ~a3"`: messages 1, 2 and 3 with the keys a, b and a, one retried and one redelivered.
    private func planner(_ text: String, runSizeMax: Int = 64) -> BatchPlanner {
        let items = text.split(separator: " ").map { word in
            let suspicions: [Character: BatchItem.Suspicion] = ["!": .retried, "~": .redelivered]
            let suspicion = word.first.flatMap { suspicions[$0] }
            let bare = suspicion == nil ? word : word.dropFirst()
            return BatchItem(
                id: Self.id(Int(bare.dropFirst()) ?? 0), key: String(bare.prefix(1)), suspicion: suspicion)
        }
        return BatchPlanner(items, runSizeMax: runSizeMax)
    }

    private func allRuns(_ planner: BatchPlanner) -> [[Int]] {
        var planner = planner
        var runs: [[Int]] = []
        while let run = planner.next() { runs.append(run.members) }
        return runs
    }

    @Test(arguments: [
        ("a1 b2 c3", [[0, 1, 2]]), ("", []), ("a1 !b2 c3", [[0, 2], [1]]), ("!a1 a2 b3", [[2], [0], [1]]),
        ("a1 !a2 a3 b4", [[0, 3], [1], [2]]), ("!a1 !b2", [[0], [1]]), ("a1 a1 b2", [[0, 2]]),
        ("a1 b2 !a1", [[1], [0]]),
    ]) func suspiciousMessagesRunAloneAndKeysKeepTheirOrder(text: String, runs: [[Int]]) {
        #expect(allRuns(planner(text)) == runs)
    }

    @Test(arguments: [
        ("~a1 b2 c3", [[0], [1, 2]]), ("a1 ~b2 c3", [[0], [1], [2]]), ("~a1 ~b2", [[0], [1]]),
        ("!a1 b2 ~c3 a4", [[1], [0], [2], [3]]), ("a1 b2 ~a1", [[0], [1]]), ("b2 a1 ~a1", [[0], [1]]),
        ("!a1 b2 ~a1", [[0], [1]]),
    ]) func redeliveredMessagesKeepTheirPlaceAmongAllKeys(text: String, runs: [[Int]]) {
        #expect(allRuns(planner(text)) == runs)
    }

    @Test func aRunHasALimit() {
        #expect(allRuns(planner("a1 b2 c3 a4 d5", runSizeMax: 2)) == [[0, 1], [2, 3], [4]])
    }

    @Test func groupsKeepArrivalAndHaveTheirKeys() throws {
        var planner = planner("c1 a2 c3 b4")
        let next = planner.next()
        let run = try #require(next)
        #expect(run.groups == [[0, 2], [1], [3]])
        #expect(run.keys == ["c", "a", "b"])
    }

    @Test func twinsAreKnownByTheFirst() {
        #expect(planner("a1 a1 b2 a1").twins == [0: [1, 3]])
    }

    @Test func aFailedMessageIsSetApartAndTheRestRunsAgain() throws {
        var planner = planner("a1 b2 c3")
        let next = planner.next()
        let run = try #require(next)
        #expect(planner.ended(run, .failed([1: .handlerFailed])) == [1: .handlerFailed])
        #expect(allRuns(planner) == [[0, 2]])
    }

    @Test func anErrorNobodyOwnsUpToIsHalvedUntilItHasAnOwner() {
        var planner = planner("a1 b2 c3 d4 e5")
        var runs: [[Int]] = []
        var apart: [Int] = []
        while let run = planner.next() {
            runs.append(run.members)
            let isBroken = run.members.contains(3)
            apart += planner.ended(run, isBroken ? .unclear : .committed).keys
        }
        #expect(runs == [[0, 1, 2, 3, 4], [0, 1, 2], [3, 4], [3], [4]])
        #expect(apart == [3])
    }

    @Test func aDeadlockTriesSmallerAndNeverBlamesAMessage() throws {
        var planner = planner("a1 b2")
        let next = planner.next()
        let both = try #require(next)
        #expect(planner.ended(both, .deadlock).isEmpty)
        let after = planner.next()
        let one = try #require(after)
        #expect(one.members == [0])
        #expect(planner.ended(one, .deadlock).isEmpty)
        #expect(allRuns(planner) == [[0], [1]])
    }

    @Test(arguments: [true, false])
    func whoIsLockedOutAloneLetsTheOthersPassInTheEnd(hasPlaceToWait: Bool) throws {
        let ids = UUIDv7Source(now: { 5 })
        let items = ["a", "b"].map { BatchItem(id: ids.next(), key: $0, suspicion: nil) }
        var planner = BatchPlanner(items, hasPlaceToWait: hasPlaceToWait)
        var apart: [[Int: HandlingOutcome]] = []
        var runs: [[Int]] = []
        while runs.count < 6, let run = planner.next() {
            runs.append(run.members)
            apart.append(planner.ended(run, run.members.contains(0) ? .deadlock : .committed))
        }
        if hasPlaceToWait {
            #expect(runs == [[0, 1], [0], [0], [0], [1]])
            #expect(apart == [[:], [:], [:], [0: .blocked], [:]])
        } else {
            #expect(runs == [[0, 1], [0], [0], [0], [0], [0]])
        }
    }

    @Test func aConflictEndsAllOptimismOfTheBatch() throws {
        var planner = planner("a1 b2 ~c3 d4")
        let next = planner.next()
        let first = try #require(next)
        #expect(first.members == [0, 1] && first.mayBeOptimistic)
        #expect(planner.ended(first, .conflict).isEmpty)
        var runs: [BatchRun] = []
        while let run = planner.next() { runs.append(run) }
        #expect(runs.map(\.members) == [[0, 1], [2], [3]])
        #expect(runs.allSatisfy { !$0.mayBeOptimistic })
    }

    @Test func nobodyIsOptimisticAboutASuspect() {
        var planner = planner("a1 ~b2 !c3")
        var runs: [BatchRun] = []
        while let run = planner.next() { runs.append(run) }
        #expect(runs.map(\.mayBeOptimistic) == [true, false, false])
    }

    @Test func aLostGroundCostsNothing() throws {
        var planner = planner("a1 !b2")
        let next = planner.next()
        let run = try #require(next)
        #expect(planner.ended(run, .ground).isEmpty)
        #expect(allRuns(planner) == [[0], [1]])
    }

    @Test(arguments: UInt64(1)...20) func nothingIsLostAndNoOrderBrokenWhateverTheBatch(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let items = (0..<40).map { _ in
            BatchItem(
                id: Self.id(Int.random(in: 0..<30, using: &random)), key: "\(Int.random(in: 0..<6, using: &random))",
                fence: Bool.random(using: &random) ? "\(Int.random(in: 0..<4, using: &random))" : nil,
                suspicion: [nil, nil, nil, nil, .retried, .redelivered].randomElement(using: &random) ?? nil)
        }
        let planner = BatchPlanner(items, runSizeMax: 7)
        let runs = allRuns(planner)
        let members = runs.flatMap(\.self)
        let twins = planner.twins.values.flatMap(\.self)
        #expect((members + twins).sorted() == Array(0..<40))
        for key in 0..<6 {
            let ofKey = members.filter { items[$0].key == "\(key)" }
            #expect(ofKey == ofKey.sorted())
        }
        for member in members where items[member].suspicion == .redelivered {
            let place = members.firstIndex(of: member) ?? 0
            #expect(members[..<place].allSatisfy { $0 < member } && members[place...].allSatisfy { $0 >= member })
        }
        for run in runs {
            #expect(run.count <= 7)
            let fences = run.compactMap { items[$0].fence }
            #expect(fences.count == Set(fences).count)
        }
    }
}
