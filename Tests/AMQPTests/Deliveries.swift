import Telemetry

@testable import AMQP

/// A consumer that no broker knows, and deliveries for it as a broker would write them. What it says stays in a mailbox.
struct Deliveries: ~Copyable {
    let shell: ConsumerShell
    private var receiver = Receiver()
    private var tag: UInt64 = 0

    init() throws {
        let core = try ConnectionCore(ConnectionConfiguration(hosts: [.init("nowhere")], name: "test"))
        let mailbox = try Mailbox(frameByteCountMax: 4096)
        let link = Link(
            mailbox: mailbox, numbers: ChannelNumberPool(),
            agreement: LoginMachine.Agreement(channelMax: 1, frameMax: 4096, heartbeat: 0, serverProperties: [:]),
            generation: 1, requestTimeout: .seconds(1))
        shell = ConsumerShell(core, queue: "q", ConsumerOptions())
        shell.state.withLock { $0.channel = Channel(number: 1, link: link) }
    }

    deinit {
        // They know the shell, and the shell knows them until it ends, which this one never does.
        shell.state.withLock { state in
            state.buffer = DeliveryBuffer()
            state.taken = []
        }
    }

    /// Has these messages come at a time.
    mutating func come(_ messages: [Message]) throws {
        for message in messages {
            tag += 1
            try receiver.receive(
                BrokerFrames.deliver(channel: 1, tag: tag, exchange: "events", routingKey: "key.\(tag)")[...])
            try receiver.receive(Self.headerAndBody(message)[...])
        }
        _ = shell.endOfBatch(&receiver.contents, now: 0)
    }

    mutating func come(_ texts: String...) throws {
        try come(texts.map { Message(text: $0) })
    }

    /// What follows the method, as we write it ourselves.
    private static func headerAndBody(_ message: Message) throws -> ArraySlice<UInt8> {
        var writer = FrameWriter(frameByteCountMax: 4096)
        try writer.writePublish(Publication(message, routingKey: ""), messageID: "none", on: 1)
        let bytes = writer.output.withUnsentBytes { Array($0) }
        let methodByteCount = bytes[3..<7].reduce(0) { $0 << 8 | Int($1) }
        return bytes[(methodByteCount + FrameWriter.overheadByteCount)...]
    }
}

extension Delivery {
    var text: String { String(decoding: body, as: UTF8.self) }
}
