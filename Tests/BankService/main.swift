import BankSample
import Glibc
import Messaging
import Participant

/// The bank as a process of its own, for tests that kill it. It is told by its environment like any service, and besides
/// by BANK_LADDER: the waits of failing messages in milliseconds.

let program = ServiceProgram("bank", migrations: Bank.migrations)
exit(
    await program.run { configuration in
        var configuration = configuration
        let delays = (ServiceProgram.variable("BANK_LADDER") ?? "").split(separator: ",").compactMap { Int($0) }
        configuration.ladder = try RetryLadder(delays: delays.map { .milliseconds($0) })
        configuration.commandSenders = [TopologyNames.orchestrator]
        configuration.deadlines.lease = .seconds(5)
        return try Participant(configuration, handlers: Bank.handlers)
    })
