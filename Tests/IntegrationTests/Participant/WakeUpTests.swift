import BankSample
import CLinux
import Glibc
import Testing

@testable import LocalServers
@testable import Participant

@Suite struct WakeUpTests {
    /// Who is told how to be scheduled has no choice.
    @Test(.enabled(if: sched_getscheduler(getpid()) == SCHED_OTHER))
    func aServiceLetsOthersFinishFirstWhileMessagesComeSeveralAtATime() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            let process = try await BankProcess.start(bank)
            func deposit(_ number: Int) throws -> OutgoingMessage {
                try saga.command(Bank.Deposit(account: "a\(number % 50)", amount: 1), saga: "s\(number)")
            }
            _ = try await saga.ask(deposit(0))
            #expect(process.loopPolicy == SCHED_OTHER)
            try await saga.send((0..<4000).map(deposit))
            try await eventually { process.loopPolicy == Int32(SKALD_SCHED_BATCH) }
            try await eventually(within: .seconds(60)) { saga.answeredCount == 4001 }
            // Lone ones, for more than two windows: the first may have begun with batches.
            for number in 0..<100 { _ = try await saga.ask(deposit(number)) }
            try await eventually { process.loopPolicy == SCHED_OTHER }
            try await process.stop()
            await saga.close()
        }
    }
}

extension BankProcess {
    /// How the thread of its loop is scheduled. Threads that begin on it later have its name as well.
    fileprivate var loopPolicy: Int32? {
        let threads = "/proc/\(processID)/task"
        return namesInFolder(threads).filter { readFile("\(threads)/\($0)/comm") == "skald-loop\n" }
            .compactMap { pid_t($0) }.min().map { sched_getscheduler($0) }
    }
}
