import Testing

@testable import AMQP

@Suite struct PublishRandomTests {
    /// Whatever happens in whatever order, every publish is told its outcome exactly once, and the one it is owed.
    @Test(arguments: 0..<90) func everyPublishEndsOnce(seed: Int) throws {
        let shapes = [
            PublishRun.Shape(.init(countMax: 5, byteCountMax: 1000), timeout: 50),
            PublishRun.Shape(.init(countMax: 1, byteCountMax: 300), timeout: 50),
            // Long queues: their places are moved up, and the ring of numbers grows.
            PublishRun.Shape(.init(countMax: 200, byteCountMax: 40_000), timeout: 2000, crowdMax: 60),
        ]
        var run = PublishRun(seed: seed, shapes[seed % shapes.count])
        for _ in 0..<600 { try run.step() }
        try run.end()
    }
}

/// A machine and its model, led through the same things.
private struct PublishRun {
    typealias Machine = PublishMachine<Int>

    struct Shape {
        var window: Machine.Window
        var timeout: UInt64
        /// The most publishes that come, or go, at a time.
        var crowdMax: Int

        init(_ window: Machine.Window, timeout: UInt64, crowdMax: Int = 2) {
            self.window = window
            self.timeout = timeout
            self.crowdMax = crowdMax
        }
    }

    private enum Operation {
        case submit, send, attach, pause, detach, block, unblock, settle, giveBack, cancel, expire, close
    }

    private static let mix: [Operation] =
        Array(repeating: .submit, count: 40) + Array(repeating: .send, count: 50)
        + Array(repeating: .settle, count: 25) + Array(repeating: .giveBack, count: 15)
        + Array(repeating: .cancel, count: 10) + Array(repeating: .unblock, count: 10)
        + Array(repeating: .attach, count: 10) + Array(repeating: .expire, count: 5)
        + [.block, .block, .block, .pause, .detach, .detach]

    private let shape: Shape
    private var random: SeededGenerator
    private var machine: Machine
    private var model: PublishModel
    private var now: UInt64 = 0
    private var lastID: UInt64 = 0
    private var told: [String] = []

    init(seed: Int, _ shape: Shape) {
        self.shape = shape
        random = SeededGenerator(seed: UInt64(seed))
        machine = Machine(window: shape.window, timeout: shape.timeout)
        model = PublishModel(window: shape.window, timeout: shape.timeout)
    }

    mutating func step() throws {
        now += UInt64.random(in: 0...2, using: &random)
        // Few machines are closed before their end; the others would see nothing of the rest.
        let isLast = Int.random(in: 0..<2000, using: &random) == 0
        try perform(isLast ? .close : Self.mix.randomElement(using: &random)!)
        try agree()
    }

    /// Closes, and looks who was told what.
    mutating func end() throws {
        try perform(.close)
        try agree()
        #expect(machine.isClosed && machine.isIdle && machine.nextDeadline == nil)
        let ids = told.compactMap { Int($0.prefix { $0 != " " }) }.filter { $0 > 0 }
        #expect(ids.sorted() == Array((1...).prefix(Int(lastID))))
    }

    private mutating func agree() throws {
        try #require(machine.pendingCount == model.wire.count)
        try #require(machine.waitingCount == model.waiting.count)
        try #require(machine.canSend == model.canSend)
        try #require(machine.nextDeadline == model.nextDeadline)
        try #require(machine.isClosed == (model.standing == .closed))
        try #require(machine.isIdle == (model.wire.isEmpty && model.waiting.isEmpty))
        try #require(model.wire.count <= shape.window.countMax)
        try #require(model.wireByteCount <= shape.window.byteCountMax || model.wire.count == 1)
    }

    /// Both have told the same, in the same order.
    private mutating func note(_ machine: [String], _ model: [String]) throws {
        try #require(machine == model)
        told += machine
    }

    private mutating func note(_ machine: [Machine.Pending], _ model: [String]) throws {
        try note(machine.map(PublishMachineTests.describe), model)
    }

    private mutating func perform(_ operation: Operation) throws {
        switch operation {
        case .submit: for _ in 0..<crowd() { try submit() }
        case .send: for _ in 0..<crowd() { try send() }
        case .attach: attach()
        case .pause:
            machine.paused()
            model.pause()
        case .detach: try note(machine.detached(AMQPError(.connectionClosed, "")), model.detach("connectionClosed"))
        case .block:
            machine.blocked()
            model.setBlocked(true)
        case .unblock:
            machine.unblocked()
            model.setBlocked(false)
        case .settle: try settle()
        case .giveBack: try giveBack()
        case .cancel: try cancel()
        case .expire:
            let expired = machine.expire(now: now, abandoned: -1)
            try note(expired.map { PublishMachineTests.describe($0.token, $0.outcome) }, model.expire(now))
        case .close: try note(machine.close(AMQPError(.closed, "")), model.close("closed"))
        }
    }

    private mutating func crowd() -> Int { Int.random(in: 1...shape.crowdMax, using: &random) }

    /// Sometimes a copy of one that was there before.
    private mutating func submit() throws {
        let id = lastID + 1
        let original = Int.random(in: 0..<4, using: &random) == 0 ? UInt64.random(in: 1...id, using: &random) : id
        let publish = PublishModel.Publish(
            id: id, byteCount: Int.random(in: 0...400, using: &random), submittedAt: now, messageID: "m\(original)",
            isMandatory: Int.random(in: 0..<4, using: &random) > 0)
        let message = Message([UInt8](repeating: 0, count: publish.byteCount))
        let publication = Publication(message, to: "e", routingKey: "k", isMandatory: publish.isMandatory)
        let isTaken = machine.submit(
            Machine.Pending(
                id: id, publication: publication, messageID: publish.messageID, submittedAt: now, token: Int(id)))
        let expected = model.submit(publish)
        try #require(isTaken == expected)
        if isTaken { lastID = id }
    }

    /// Sometimes what is to be sent cannot be encoded.
    private mutating func send() throws {
        let sent = machine.nextToSend()?.id
        let expected = model.send()
        try #require(sent == expected)
        guard sent != nil, Int.random(in: 0..<8, using: &random) == 0 else { return }
        let withdrawn = machine.withdrawLast(AMQPError(.invalidArgument, ""))
        try note([withdrawn], [model.withdrawLast("invalidArgument")].compactMap(\.self))
    }

    /// Only once the loss of the last channel was told, as the numbers begin anew.
    private mutating func attach() {
        guard model.standing != .paused else { return }
        let isBlocked = Int.random(in: 0..<4, using: &random) == 0
        machine.attached(blocked: isBlocked)
        model.attach(blocked: isBlocked)
    }

    private mutating func settle() throws {
        let number = UInt64.random(in: 0...(model.lastNumber + 1), using: &random)
        let multiple = Int.random(in: 0..<4, using: &random) == 0
        let acked = Int.random(in: 0..<4, using: &random) > 0
        var completed: [Machine.Pending] = []
        let isOpen = machine.settled(number, multiple: multiple, acked: acked, into: &completed)
        try #require(isOpen == !completed.isEmpty)
        try note(completed, model.settle(number, multiple: multiple, acked: acked))
    }

    /// Mostly of one that is on the wire. To another place it is another's.
    private mutating func giveBack() throws {
        let ids = model.wire.keys.sorted().compactMap { model.wire[$0]?.messageID } + ["none"]
        let messageID = ids.randomElement(using: &random)!
        func isTaken(exchange: String = "e", key: String = "k", _ messageID: String?) -> Bool {
            let head = ReturnHead(code: 312, text: "NO_ROUTE", exchange: exchange, routingKey: key)
            return machine.returned(head, messageID: messageID)
        }
        let others = [isTaken(exchange: "x", messageID), isTaken(key: "x", messageID), isTaken(nil)]
        try #require(others == [false, false, false])
        let (found, expected) = (isTaken(messageID), model.giveBack(messageID))
        try #require(found == expected)
    }

    private mutating func cancel() throws {
        let id = UInt64.random(in: 0...(lastID + 1), using: &random)
        let cancelled = machine.cancel(id: id, abandoned: -1)
            .map { PublishMachineTests.describe($0.token, $0.outcome) }
        try note([cancelled].compactMap(\.self), [model.cancel(id)].compactMap(\.self))
    }
}
