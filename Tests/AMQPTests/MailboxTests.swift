import CLinux
import Glibc
import Testing

@testable import AMQP

@Suite struct MailboxTests {
    private let mailbox: Mailbox

    init() throws {
        mailbox = try Mailbox(frameByteCountMax: 4096)
    }

    @Test func wakesAThreadThatSleepsOnce() throws {
        _ = mailbox.takeCommands()
        #expect(mailbox.fallAsleep(ignoringBytes: false))
        #expect(wakeUps() == 0)
        try postHeartbeat()
        try postHeartbeat()
        #expect(wakeUps() == 1)
    }

    @Test func doesNotWakeAThreadThatIsAwake() throws {
        _ = mailbox.takeCommands()
        try postHeartbeat()
        #expect(wakeUps() == 0)
    }

    @Test func letsNobodySleepOnWhatWasPosted() throws {
        _ = mailbox.takeCommands()
        try postHeartbeat()
        #expect(!mailbox.fallAsleep(ignoringBytes: false))
        #expect(mailbox.fallAsleep(ignoringBytes: true))
        try mailbox.post(.touch(channel: 1))
        #expect(wakeUps() == 1)
        #expect(!mailbox.fallAsleep(ignoringBytes: true))
        #expect(mailbox.takeCommands().count == 1)
        var bytes = OutputBuffer()
        mailbox.exchange(&bytes)
        #expect(mailbox.fallAsleep(ignoringBytes: false))
    }

    /// A connection attempt is given up by the first post.
    @Test func wakesAThreadThatConnects() throws {
        try mailbox.post(.shutdown(AMQPError(.closed, "over")))
        #expect(wakeUps() == 1)
    }

    private func postHeartbeat() throws {
        try mailbox.post { contents throws(AMQPError) in contents.writer.writeHeartbeat() }
    }

    /// How often the thread was woken since the last look.
    private func wakeUps() -> UInt64 {
        var count: eventfd_t = 0
        return unsafe eventfd_read(mailbox.wake.descriptor, &count) == 0 ? count : 0
    }
}
