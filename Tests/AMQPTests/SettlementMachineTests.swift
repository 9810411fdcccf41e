import Testing

@testable import AMQP

@Suite struct SettlementMachineTests {
    private static func flush(_ machine: inout SettlementMachine, gaps: Bool = false) -> [String] {
        var sent: [String] = []
        machine.flush(includingGaps: gaps) { tag, multiple in sent.append("\(tag)\(multiple ? "+" : "")") }
        return sent
    }

    private static func machine(delivered: Int) -> SettlementMachine {
        var machine = SettlementMachine()
        for tag in 1...delivered { #expect(machine.delivered(UInt64(tag)) == true) }
        return machine
    }

    @Test func aPrefixIsOneFrame() {
        var machine = Self.machine(delivered: 5)
        for tag in [2, 1, 3] as [UInt64] { _ = machine.settle(tag, .ack) }
        #expect(Self.flush(&machine) == ["3+"])
        #expect(machine.openCount == 2)
        #expect(Self.flush(&machine) == [])
    }

    @Test func aLoneAckNamesNoOthers() {
        var machine = Self.machine(delivered: 1)
        _ = machine.settle(1, .ack)
        #expect(Self.flush(&machine) == ["1"])
    }

    @Test func acksBehindAGapAreHeldUntilAskedFor() {
        var machine = Self.machine(delivered: 4)
        for tag in [2, 4] as [UInt64] { _ = machine.settle(tag, .ack) }
        #expect(Self.flush(&machine) == [])
        #expect(Self.flush(&machine, gaps: true) == ["2", "4"])
        _ = machine.settle(1, .ack)
        _ = machine.settle(3, .ack)
        #expect(Self.flush(&machine) == ["3+"])
    }

    /// Else the acks of a consumer with one slow handler cost more and more, and this test far more than its limit.
    @Test(.timeLimit(.minutes(2))) func anOpenDeliveryDoesNotMakeEveryFlushLookAtAllBehindIt() {
        var machine = Self.machine(delivered: 1)
        var sent = 0
        for tag in 2...300_000 as ClosedRange<UInt64> {
            _ = machine.delivered(tag)
            _ = machine.ack(tag)
            machine.flush(includingGaps: true) { _, _ in sent += 1 }
        }
        #expect(sent == 299_999 && machine.heldCount == 0 && machine.openCount == 1)
    }

    @Test func aRefusalGoesAtOnceAndAPrefixPassesOverIt() {
        var machine = Self.machine(delivered: 3)
        #expect(machine.settle(2, .reject(requeue: false)).method == .basicReject(tag: 2, requeue: false))
        _ = machine.settle(1, .ack)
        _ = machine.settle(3, .ack)
        #expect(Self.flush(&machine) == ["3+"])
    }

    @Test func onlyOpenTagsAreSettled() {
        var machine = Self.machine(delivered: 2)
        #expect(machine.settle(1, .ack).accepted == true)
        #expect(machine.settle(1, .ack).accepted == false)
        #expect(machine.settle(1, .nack(requeue: true)).accepted == false)
        #expect(machine.settle(3, .ack).accepted == false)
        #expect(machine.settle(0, .ack).accepted == false)
        #expect(machine.delivered(5) == false, "tags come without gaps")
    }

    /// A broker as a set: every ack must name tags that are open there, and none may be covered before it is settled.
    @Test(arguments: 0..<100) func theBrokerNeverForgetsAnOpenDelivery(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var machine = SettlementMachine()
        var last: UInt64 = 0
        var withHolder: [UInt64] = []
        var atBroker = Set<UInt64>()
        var decidedAck = Set<UInt64>()
        func apply(_ tag: UInt64, _ multiple: Bool) {
            #expect(atBroker.contains(tag), "seed \(seed): \(tag) is not open at the broker")
            for covered in atBroker.filter({ multiple ? $0 <= tag : $0 == tag }) {
                #expect(decidedAck.contains(covered), "seed \(seed): \(covered) was acked for its holder")
                atBroker.remove(covered)
            }
        }
        for _ in 0..<3000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0...4:
                last += 1
                #expect(machine.delivered(last) == true)
                withHolder.append(last)
                atBroker.insert(last)
            case 5...7:
                guard !withHolder.isEmpty else { break }
                let tag = withHolder.remove(at: Int.random(in: 0..<withHolder.count, using: &random))
                if Int.random(in: 0..<5, using: &random) == 0 {
                    #expect(machine.settle(tag, .nack(requeue: true)).method != nil)
                    atBroker.remove(tag)
                } else {
                    decidedAck.insert(tag)
                    #expect(machine.settle(tag, .ack).accepted == true)
                }
            default:
                machine.flush(includingGaps: Bool.random(using: &random)) { apply($0, $1) }
            }
            #expect(machine.openCount == withHolder.count, "seed \(seed)")
        }
        machine.flush(includingGaps: true) { apply($0, $1) }
        #expect(atBroker == Set(withHolder), "seed \(seed)")
        #expect(machine.heldCount == 0)
    }
}
