import Telemetry
import Testing

@testable import AMQP

/// A real table with a real mailbox, a broker that sends at random, and owners of channels that ask at random.
///
/// Beside it stands what AMQP says of each channel's number: it is free again once both sides have closed.
struct TableRun {
    /// Somebody who opened a channel.
    struct Owner {
        let number: UInt16
        let handler = WatchfulHandler()
        let fate = ChannelFate()
        var requests: [Int] = []
        var hasClosed = false
    }

    /// Where a channel stands whose number is not free.
    private enum Phase {
        /// Its owner has the number; the table has not heard of it. Left by performing `attach`.
        case taken
        /// Left by the close of either side.
        case open
        /// We have sent our close. Left by its answer.
        case closing
    }

    private enum Operation {
        case open, ask, close, touch, leave, perform, batch, turn
        // The broker's.
        case method, content, frame, stray, answer, refuse, goodbye, block
    }

    private static let mix: [Operation] =
        Array(repeating: .open, count: 10) + Array(repeating: .ask, count: 12) + Array(repeating: .close, count: 4)
        + Array(repeating: .perform, count: 20) + Array(repeating: .batch, count: 12)
        + Array(repeating: .turn, count: 6) + Array(repeating: .method, count: 10)
        + Array(repeating: .content, count: 15) + Array(repeating: .frame, count: 30)
        + Array(repeating: .answer, count: 20) + Array(repeating: .goodbye, count: 10)
        + [.refuse, .refuse, .refuse, .touch, .touch, .block, .block, .leave]
    private static let channelMax: UInt16 = 4
    private static let requestTimeout: UInt64 = 150

    let requests = Requests()
    private(set) var owners: [Owner] = []
    private(set) var isOver = false
    private var random: SeededGenerator
    private let numbers = ChannelNumberPool()
    private let mailbox: Mailbox
    private var table: ChannelTable
    private var phases: [UInt16: Phase] = [:]
    /// The frames still to come of a content that has begun.
    private var rest: [UInt16: [[UInt8]]] = [:]
    private var now: UInt64 = 0
    private var serial: UInt64 = 0

    init(seed: Int) throws {
        random = SeededGenerator(seed: UInt64(seed))
        mailbox = try Mailbox(frameByteCountMax: 4096)
        table = ChannelTable(bodyByteCountMax: 100, numbers: numbers)
    }

    mutating func step() async throws {
        now += UInt64.random(in: 0...3, using: &random)
        let isStray = Int.random(in: 0..<600, using: &random) == 0
        try await perform(isStray ? .stray : Self.mix.randomElement(using: &random)!)
    }

    private mutating func perform(_ operation: Operation) async throws {
        let channel = UInt16.random(in: 1...(Self.channelMax + 1), using: &random)
        switch operation {
        case .open: try await open()
        case .ask: try await ask()
        case .close: try await close()
        case .touch: try mailbox.post(.touch(channel: channel))
        case .leave: try await post([], .connectionClose(code: 200, text: ""), on: 0)
        case .perform: performCommands()
        case .method: try receive(#require(InboundMethod.samples.randomElement(using: &random)), between: channel)
        case .content: beginContent(on: channel)
        case .frame: receiveFrame()
        case .stray: try receiveStray(on: channel)
        case .answer: answer(channel)
        case .refuse: receive(.channelClose(code: 404, text: "NOT_FOUND"), between: channel)
        case .goodbye: if phases[channel] == .closing { receive(.channelCloseOK, between: channel) }
        case .block: table.setBlocked(Bool.random(using: &random))
        case .batch: table.endBatch(now: now)
        case .turn: try turn()
        }
    }

    // MARK: Owners

    private mutating func open() async throws {
        let number = numbers.take(max: Self.channelMax)
        try #require((number == nil) == (phases.count == Self.channelMax))
        guard let number else { return }
        try #require(phases[number] == nil, "channel \(number) is not free")
        phases[number] = .taken
        let owner = Owner(number: number)
        owners.append(owner)
        try await post([.attach(channel: number, owner.handler, owner.fate)], .channelOpen, of: owners.count - 1)
    }

    private mutating func ask() async throws {
        guard let index = openOwner() else { return }
        try await post([], .confirmSelect, of: index)
    }

    private mutating func close() async throws {
        guard let index = openOwner() else { return }
        owners[index].hasClosed = true
        try await post(
            [.closing(channel: owners[index].number)], .channelClose(code: 200, text: ""), of: index)
    }

    /// One who may write on its channel still.
    private mutating func openOwner() -> Int? {
        owners.indices.filter { !owners[$0].hasClosed && !owners[$0].fate.isSealed }.randomElement(using: &random)
    }

    private mutating func post(_ commands: [LinkCommand], _ method: OutboundMethod, of index: Int) async throws {
        let number = try await post(commands, method, on: owners[index].number)
        owners[index].requests.append(number)
    }

    @discardableResult
    private func post(_ commands: [LinkCommand], _ method: OutboundMethod, on channel: UInt16) async throws -> Int {
        let (number, continuation) = try await requests.begin()
        let call = PendingCall(method: method, deadline: now + Self.requestTimeout, continuation: continuation)
        try mailbox.post { contents throws(AMQPError) in
            contents.commands += commands + [.expect(channel: channel, call)]
        }
        return number
    }

    // MARK: The link

    private mutating func performCommands() {
        for command in mailbox.takeCommands() {
            switch command {
            case .attach(let channel, _, _): phases[channel] = .open
            case .closing(let channel) where phases[channel] == .open:
                phases[channel] = .closing
                owners.last { $0.number == channel }?.handler.record.withLock { $0.isClosing = true }
            case .closing, .expect, .touch, .shutdown: break
            }
            table.perform(command)
        }
    }

    /// What a link does at the end of each turn. Then nothing is overdue, or it would not let the thread go.
    private mutating func turn() throws {
        performCommands()
        for channel in table.expireCalls(now) {
            try #require(phases[channel] == .open)
            phases[channel] = .closing
            expectSealed(channel)
            // To whoever had the channel last this would be news.
            receive(.channelFlow(active: true), channel)
        }
        table.endBatch(now: now)
        try #require(table.nextTimer > now)
    }

    /// Nobody writes on the channel any more.
    private func expectSealed(_ channel: UInt16) {
        #expect(owners.last { $0.number == channel }?.fate.isSealed == true)
    }

    /// As a link ends.
    mutating func finish(_ error: AMQPError) {
        guard !isOver else { return }
        isOver = true
        for command in mailbox.close(error) { table.refuse(command, error) }
        table.endAll(error)
        phases = phases.filter { $0.value == .taken }
    }

    /// Every number is free once, but for those whose channels the table has never heard of.
    func expectFreeNumbers() throws {
        var free: [UInt16] = []
        while free.count < 100, let number = numbers.take(max: Self.channelMax) { free.append(number) }
        #expect(free.sorted() == (1...Self.channelMax).filter { phases[$0] == nil })
    }

    // MARK: The broker

    private mutating func receive(_ method: InboundMethod, _ channel: UInt16) {
        do {
            try table.handle(method, on: channel, mailbox)
        } catch {
            return finish(error)
        }
        guard let phase = phases[channel], phase != .taken else { return }
        switch method {
        case .channelClose:
            rest[channel] = nil
            // Where ours is under way its answer comes still.
            let hasClosed = owners.last { $0.number == channel }?.hasClosed ?? false
            phases[channel] = phase == .open && !hasClosed ? nil : .closing
            expectSealed(channel)
        case .channelCloseOK:
            rest[channel] = nil
            phases[channel] = nil
            expectSealed(channel)
        default: break
        }
    }

    /// No method comes in the middle of a content.
    private mutating func receive(_ method: InboundMethod, between channel: UInt16) {
        if rest[channel] == nil { receive(method, channel) }
    }

    /// An answer that can be told from all others.
    private mutating func answer(_ channel: UInt16) {
        guard channel <= Self.channelMax else { return table.answer(.connectionCloseOK, on: 0) }
        serial += 1
        receive(.queueDeclareOK(name: "\(channel) \(serial)", messageCount: 0, consumerCount: 0), between: channel)
    }

    /// A message that is delivered or comes back.
    private mutating func beginContent(on channel: UInt16) {
        guard rest[channel] == nil, phases[channel] == .open || phases[channel] == .closing else { return }
        serial += 1
        let body = [UInt8](repeating: 1, count: [0, 1, 50, 100, 101, 200].randomElement(using: &random)!)
        let deliver = BrokerFrames.deliver(channel: channel, tag: serial, exchange: "e", routingKey: "k")
        let returned = BrokerFrames.returned(channel: channel, exchange: "e", routingKey: "k")
        let pieces = stride(from: 0, to: body.count, by: 50).map { Array(body[$0..<min($0 + 50, body.count)]) }
        rest[channel] =
            [BrokerFrames.header(channel: channel, bodyByteCount: UInt64(body.count))]
            + pieces.map { BrokerFrames.frame(3, channel: channel, $0) }
        receive(Bool.random(using: &random) ? deliver : returned)
    }

    /// The next frame of a content that has begun.
    private mutating func receiveFrame() {
        guard let channel = rest.keys.sorted().randomElement(using: &random), var frames = rest[channel] else { return }
        let frame = frames.removeFirst()
        rest[channel] = frames.isEmpty ? nil : frames
        receive(frame)
    }

    private mutating func receive(_ frame: [UInt8]) {
        do {
            try frame.withUnsafeBytes { bytes in
                let (channel, frame) = try FrameDecoder.frame(bytes)
                if case .content(let content) = frame { try table.handle(content, on: channel) }
            }
        } catch {
            finish(error as? AMQPError ?? AMQPError(.protocolViolation, "\(error)"))
        }
    }

    /// What does not belong there, or cannot be read.
    private mutating func receiveStray(on channel: UInt16) throws {
        let noise = (0..<20).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: receive(BrokerFrames.frame(3, channel: channel, [1]))
        case 1: receive(BrokerFrames.header(channel: channel, bodyByteCount: 1))
        case 2: receive(BrokerFrames.frame(1, channel: channel, BrokerFrames.bytes(UInt32(60 << 16 | 60)) + noise))
        default: try receiveStrayMethod(on: channel)
        }
    }

    /// In the middle of a content, most of the time.
    private mutating func receiveStrayMethod(on channel: UInt16) throws {
        let channel = rest.keys.sorted().randomElement(using: &random) ?? channel
        let method = try #require(InboundMethod.samples.randomElement(using: &random))
        let isMeantToEnd = rest[channel] != nil
        receive(method, channel)
        switch method {
        case .channelClose, .channelCloseOK, .channelFlow: break
        default: #expect(isOver == isMeantToEnd)
        }
    }
}
