import Telemetry
import Testing

@testable import AMQP

@Suite struct DeliveryBufferTests {
    /// A batch that is only counted, never looked into.
    private static func batch(of shell: ConsumerShell) -> DeliveryBatch {
        DeliveryBatch([], incarnation: 0, of: shell)
    }

    /// Takes and puts back at random, beside a plain list that does the same.
    @Test(arguments: 0..<20) func itHoldsTheOrderOfAList(seed: Int) throws {
        let shell = try Deliveries().shell
        var random = SeededGenerator(seed: UInt64(seed))
        var buffer = DeliveryBuffer()
        var list: [Place] = []
        var lastTaken: [DeliveryRun] = []
        for _ in 0..<500 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let batch = Self.batch(of: shell)
                for index in 0..<Int.random(in: 1...6, using: &random) where Int.random(in: 0..<5, using: &random) > 0 {
                    buffer.append(index, of: batch)
                    list.append(Place(batch, index))
                }
            case 2:
                let countMax = Int.random(in: 0...9, using: &random)
                let runs = buffer.take(countMax)
                let expected = list.prefix(max(countMax, 1))
                list.removeFirst(expected.count)
                #expect((runs ?? []).flatMap(Place.all) == Array(expected))
                #expect((runs == nil) == expected.isEmpty)
                lastTaken = runs ?? []
            default:
                buffer.putBack(lastTaken)
                list.insert(contentsOf: lastTaken.flatMap(Place.all), at: 0)
                lastTaken = []
            }
            #expect(buffer.count == list.count)
        }
    }

    private struct Place: Equatable {
        let batch: ObjectIdentifier
        let index: Int

        init(_ batch: DeliveryBatch, _ index: Int) {
            self.batch = ObjectIdentifier(batch)
            self.index = index
        }

        static func all(_ run: DeliveryRun) -> [Place] { run.indices.map { Place(run.batch, $0) } }
    }
}

@Suite struct TakenBatchTests {
    @Test func eachIsClaimedOnce() async throws {
        var deliveries = try Deliveries()
        try deliveries.come("a", "b")
        try deliveries.come("c")
        try deliveries.come("d", "e", "f")
        for handedOutCount in 0...6 {
            let runs = await deliveries.shell.nextRuns(countMax: 6)
            #expect(runs.count == 3)
            let taken = TakenBatch(runs)
            let handedOut = (0..<handedOutCount).compactMap { _ in taken.claim()?.text }
            let rest = taken.claimRest()
            #expect(handedOut + rest.deliveries.map(\.text) == ["a", "b", "c", "d", "e", "f"])
            #expect(handedOut.count == handedOutCount)
            #expect(taken.claim() == nil)
            #expect(taken.claimRest().isEmpty)
            deliveries.shell.state.withLock { $0.buffer.putBack(runs) }
        }
    }

    @Test func whatAnIteratorDoesNotHandOutGoesToTheNext() async throws {
        var deliveries = try Deliveries()
        try deliveries.come("a", "b", "c")
        var first: IteratorBatch? = IteratorBatch(deliveries.shell)
        #expect(first?.nextAtHand() == nil)
        #expect(await first?.next()?.text == "a")
        #expect(first?.nextAtHand()?.text == "b")
        first = nil
        #expect(await IteratorBatch(deliveries.shell).next()?.text == "c")
    }

    @Test func aCancelledTaskIsHandedNothingThatIsAtHand() async throws {
        var deliveries = try Deliveries()
        try deliveries.come("a", "b")
        let shell = deliveries.shell
        let text = await Task {
            let batch = IteratorBatch(shell)
            let first = await batch.next()?.text
            withUnsafeCurrentTask { $0?.cancel() }
            return batch.nextAtHand() == nil ? first : "b"
        }.value
        #expect(text == "a")
    }
}
