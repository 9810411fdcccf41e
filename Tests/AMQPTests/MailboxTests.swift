import CLinux
import Glibc
import Telemetry
import Testing

@testable import AMQP

@Suite struct MailboxTests {
    private let mailbox: Mailbox
    private let asked = Lock(0)

    init() throws {
        mailbox = try Mailbox(frameByteCountMax: 4096)
        mailbox.wakes { [asked] in asked.withLock { $0 += 1 } }
    }

    @Test func wakesALinkThatSleepsOnce() throws {
        _ = mailbox.takeCommands()
        #expect(mailbox.fallAsleep(ignoringBytes: false))
        #expect(turnsAskedFor() == 0)
        try postHeartbeat()
        try postHeartbeat()
        #expect(turnsAskedFor() == 1)
    }

    @Test func doesNotWakeALinkThatIsAwake() throws {
        _ = mailbox.takeCommands()
        try postHeartbeat()
        #expect(turnsAskedFor() == 0)
    }

    @Test func letsNobodySleepOnWhatWasPosted() throws {
        _ = mailbox.takeCommands()
        try postHeartbeat()
        #expect(!mailbox.fallAsleep(ignoringBytes: false))
        #expect(mailbox.fallAsleep(ignoringBytes: true))
        try mailbox.post(.touch(channel: 1))
        #expect(turnsAskedFor() == 1)
        #expect(!mailbox.fallAsleep(ignoringBytes: true))
        #expect(mailbox.takeCommands().count == 1)
        var bytes = OutputBuffer()
        mailbox.exchange(&bytes)
        #expect(mailbox.fallAsleep(ignoringBytes: false))
    }

    /// A connection attempt is given up by the first post.
    @Test func wakesAThreadThatConnects() throws {
        let mailbox = try Mailbox(frameByteCountMax: 4096)
        try mailbox.post(.shutdown(AMQPError(.closed, "over")))
        var count: eventfd_t = 0
        #expect(unsafe eventfd_read(mailbox.wake.descriptor, &count) == 0 && count == 1)
    }

    private func postHeartbeat() throws {
        try mailbox.post { contents throws(AMQPError) in contents.writer.writeHeartbeat() }
    }

    private func turnsAskedFor() -> Int { asked.withLock { $0 } }
}
