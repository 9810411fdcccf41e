import Glibc
import Telemetry
import Testing

@testable import AMQP

/// A link whose broker is a socket that says what the test wants.
@Suite struct LinkCoreTests {
    private static let second: UInt64 = 1_000_000_000
    private static let heartbeatFrame = BrokerFrames.frame(8, channel: 0, [])
    private static let shutdownFrame = BrokerFrames.frame(
        1, channel: 0,
        BrokerFrames.bytes(UInt16(10)) + BrokerFrames.bytes(UInt16(50)) + BrokerFrames.bytes(UInt16(320))
            + [8] + Array("SHUTDOWN".utf8) + [0, 0, 0, 0])
    private static let channelOpenOK = BrokerFrames.frame(
        1, channel: 1, BrokerFrames.bytes(UInt16(20)) + BrokerFrames.bytes(UInt16(11)) + [0, 0, 0, 0])

    /// Logs in, with a heartbeat of 10 s, and gives the link to the test.
    private func withLink(_ body: (inout LinkCore, Mailbox, Listener.Peer) async throws -> Void) async throws {
        let listener = try Listener()
        let configuration = ConnectionConfiguration(hosts: [.init("127.0.0.1", port: listener.port)])
        let mailbox = try Mailbox(frameByteCountMax: 4096)
        let wish = LoginMachine.Wish(
            credentials: try configuration.credentials(), virtualHost: "/", clientProperties: [:], channelMax: 10,
            frameMax: 4096, heartbeat: 10)
        var core = LinkCore(
            settings: LinkSettings(
                host: configuration.hosts[0], tls: nil, wish: wish, connectTimeout: .seconds(60),
                bodyByteCountMax: 1000),
            mailbox: mailbox, numbers: ChannelNumberPool(), metrics: ConnectionMetrics())
        try core.connect()
        let peer = try listener.accept()
        for method in Self.loginMethods {
            try Self.write(BrokerFrames.frame(1, channel: 0, method), peer, core)
            _ = try core.turn(isReadable: true)
        }
        try await body(&core, mailbox, peer)
        core.end(AMQPError(.closed, "the test is over"))
    }

    private static var loginMethods: [[UInt8]] {
        func method(_ number: UInt16, _ arguments: [UInt8]) -> [UInt8] {
            BrokerFrames.bytes(UInt16(10)) + BrokerFrames.bytes(number) + arguments
        }
        func longString(_ text: String) -> [UInt8] { BrokerFrames.bytes(UInt32(text.utf8.count)) + Array(text.utf8) }
        let tune = BrokerFrames.bytes(UInt16(10)) + BrokerFrames.bytes(UInt32(4096)) + BrokerFrames.bytes(UInt16(10))
        return [
            method(10, [0, 9] + BrokerFrames.bytes(UInt32(0)) + longString("PLAIN") + longString("en_US")),
            method(30, tune), method(41, [0]),
        ]
    }

    /// Has the broker say something, and waits until it is there.
    private static func write(_ bytes: [UInt8], _ peer: Listener.Peer, _ core: borrowing LinkCore) throws {
        peer.write(bytes)
        try wait(for: Int16(POLLIN), core)
    }

    private static func wait(for event: Int16, _ core: borrowing LinkCore) throws {
        var one = pollfd(fd: core.descriptor, events: event & Int16(POLLIN), revents: 0)
        try #require(poll(&one, 1, 20_000) == 1 && one.revents & event != 0)
    }

    /// The link has something to write before it has read why the broker hung up.
    @Test func whatTheBrokerSaidBeforeItHungUpIsHeard() async throws {
        try await withLink { core, mailbox, peer in
            try Self.write(Self.heartbeatFrame, peer, core)
            try Self.write(Self.shutdownFrame, peer, core)
            peer.reset()
            try Self.wait(for: Int16(POLLHUP), core)
            try mailbox.post { contents throws(AMQPError) in contents.writer.writeHeartbeat() }
            let error = #expect(throws: AMQPError.self) { _ = try core.turn(isReadable: false) }
            #expect(error?.replyCode == 320)
        }
    }

    @Test func aBrokerThatHangsUpWithoutAWordHasEndedTheLink() async throws {
        try await withLink { core, mailbox, peer in
            peer.reset()
            try Self.wait(for: Int16(POLLHUP), core)
            try mailbox.post { contents throws(AMQPError) in contents.writer.writeHeartbeat() }
            let error = #expect(throws: AMQPError.self) { _ = try core.turn(isReadable: false) }
            #expect(error?.code == .connectionClosed)
        }
    }

    @Test func silenceEndsTheLink() async throws {
        try await withLink { core, _, _ in
            let late = MonotonicClock.now() + 25 * Self.second
            let error = #expect(throws: AMQPError.self) { _ = try core.turn(isReadable: false, now: late) }
            #expect(error?.code == .heartbeatLost)
        }
    }

    /// A process that stood still finds what came meanwhile in its socket.
    @Test func whatCameDuringAPauseOfTheProcessCountsAsHeard() async throws {
        try await withLink { core, _, peer in
            try Self.write(Self.heartbeatFrame, peer, core)
            let late = MonotonicClock.now() + 25 * Self.second
            _ = try core.turn(isReadable: false, now: late)
            _ = try core.turn(isReadable: false, now: late + 15 * Self.second)
            #expect(throws: AMQPError.self) { _ = try core.turn(isReadable: false, now: late + 25 * Self.second) }
        }
    }

    @Test func anAnswerThatCameDuringAPauseOfTheProcessIsHeard() async throws {
        try await withLink { core, mailbox, peer in
            try Self.write(Self.channelOpenOK, peer, core)
            let handler = RecordingHandler()
            let late = MonotonicClock.now() + 5 * Self.second
            let answer = try await withCheckedThrowingContinuation { continuation in
                do {
                    try mailbox.post(.attach(channel: 1, handler, ChannelFate()))
                    let call = PendingCall(method: .channelOpen, deadline: late - 1, continuation: continuation)
                    try mailbox.post(.expect(channel: 1, call))
                    _ = try core.turn(isReadable: false, now: late)
                } catch {
                    Issue.record("the link ended: \(error)")
                }
                // Whoever waits still would wait for ever.
                core.end(AMQPError(.closed, "nothing was heard"))
            }
            guard case .channelOpenOK = answer else {
                Issue.record("not the answer: \(answer)")
                return
            }
            #expect(handler.ends.withLock { $0 } == [.closed])
        }
    }
}
