import BankSample
import Glibc
import Messaging
import Participant

/// The bank as a process of its own, for tests that kill it. It is told by its environment like any service, and besides
/// by BANK_LADDER: the waits of failing messages in milliseconds.

/// Ends with whoever started it: that one holds the other end of standard input.
func endWithParent() {
    var thread = pthread_t()
    pthread_create(
        &thread, nil,
        { _ in
            var byte: UInt8 = 0
            while read(0, &byte, 1) > 0 {}
            _exit(0)
        }, nil)
    pthread_detach(thread)
}

let program = ServiceProgram("bank", migrations: Bank.migrations)
endWithParent()
exit(
    await program.run { configuration in
        var configuration = configuration
        let delays = (ServiceProgram.variable("BANK_LADDER") ?? "").split(separator: ",").compactMap { Int($0) }
        configuration.ladder = try RetryLadder(delays: delays.map { .milliseconds($0) })
        configuration.commandSenders = [TopologyNames.orchestrator]
        configuration.deadlines.lease = .seconds(5)
        return try Participant(configuration, handlers: Bank.handlers)
    })
