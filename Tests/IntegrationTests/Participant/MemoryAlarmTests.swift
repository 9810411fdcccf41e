import LocalServers
import Messaging
import Testing

@testable import Participant

/// The broker runs out of memory while a participant works, and has some again.
@Suite struct MemoryAlarmTests {
    @Test(.timeLimit(.minutes(5))) func nothingIsLostOrDoubledOverAMemoryAlarm() async throws {
        try await BankHarness.withOwnServers { bank in
            let saga = try await SagaSide(bank)
            let load = try BankLoad(saga, count: 600, seed: 23)
            let half = load.sequence.count / 2
            let participant = try bank.participant()
            try await bank.whileRunning(participant) {
                await saga.insist(on: Array(load.sequence.prefix(half)))
                try await bank.setMemoryLimit("0.0000001")
                // The sender is held as well: what it sends now arrives when the alarm is over.
                let sending = Task { await saga.insist(on: Array(load.sequence.dropFirst(half))) }
                try await eventually(within: .seconds(60)) {
                    await participant.health().checks.contains { $0.reason?.contains("blocked by the broker") == true }
                }
                #expect(await !participant.health().isReady)
                try await bank.setMemoryLimit("0.6")
                await sending.value
                let audit = BankAudit(bank: bank, saga: saga, load: load)
                try await audit.untilAnswered()
                try await audit.untilQueuesAreEmpty()
                #expect(await participant.health().isReady)
                try await audit.check()
            }
            await saga.close()
        }
    }
}

extension BankHarness {
    /// The share of the machine's memory past which the broker takes no messages (RabbitMQ, "Memory Alarms").
    fileprivate func setMemoryLimit(_ share: String) async throws {
        try await broker.evaluate("ok = vm_memory_monitor:set_vm_memory_high_watermark(\(share))")
    }
}
