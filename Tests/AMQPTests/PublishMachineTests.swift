import Testing

@testable import AMQP

@Suite struct PublishMachineTests {
    typealias Machine = PublishMachine<Int>

    static func request(
        _ id: UInt64, byteCount: Int = 10, at time: UInt64 = 0, key: String = "k", messageID: String? = nil
    ) -> Machine.Pending {
        let message = Message([UInt8](repeating: 0, count: byteCount))
        return Machine.Pending(
            id: id, publication: Publication(message, to: "e", routingKey: key), messageID: messageID ?? "m\(id)",
            submittedAt: time, token: Int(id))
    }

    static func open(count: Int = 3, bytes: Int = 1000, timeout: UInt64 = 100) -> Machine {
        var machine = Machine(window: .init(countMax: count, byteCountMax: bytes), timeout: timeout)
        machine.attached(blocked: false)
        return machine
    }

    static func sendAll(_ machine: inout Machine) -> [UInt64] {
        var sent: [UInt64] = []
        while let request = machine.nextToSend() { sent.append(request.id) }
        return sent
    }

    static func settle(_ machine: inout Machine, _ number: UInt64, multiple: Bool = false, acked: Bool = true)
        -> [String]
    {
        var completed: [Machine.Pending] = []
        _ = machine.settled(number, multiple: multiple, acked: acked, into: &completed)
        return completed.map(describe)
    }

    static func describe(_ publish: Machine.Pending) -> String {
        describe(publish.token, publish.outcome!)
    }

    static func describe(_ token: Int, _ outcome: PublishOutcome) -> String {
        let name =
            switch outcome {
            case .confirmed: "confirmed"
            case .returned(let code, _): "returned \(code)"
            case .nacked: "nacked"
            case .unknown(let error): "unknown \(error.code.rawValue)"
            case .notSent(let error): "notSent \(error.code.rawValue)"
            }
        return "\(token) \(name)"
    }

    @Test func theWindowHoldsBackByCount() {
        var machine = Self.open(count: 2)
        for id in 1...4 { #expect(machine.submit(Self.request(UInt64(id))) == true) }
        #expect(Self.sendAll(&machine) == [1, 2])
        #expect(Self.settle(&machine, 1) == ["1 confirmed"])
        #expect(Self.sendAll(&machine) == [3])
    }

    @Test func theWindowHoldsBackByBytes() {
        var machine = Self.open(count: 100, bytes: 100)
        for id in 1...3 { _ = machine.submit(Self.request(UInt64(id), byteCount: 60)) }
        #expect(Self.sendAll(&machine) == [1])
        _ = Self.settle(&machine, 1)
        #expect(Self.sendAll(&machine) == [2])
    }

    @Test func aMessageLargerThanTheWindowGoesAlone() {
        var machine = Self.open(count: 100, bytes: 100)
        _ = machine.submit(Self.request(1, byteCount: 10))
        _ = machine.submit(Self.request(2, byteCount: 500))
        _ = machine.submit(Self.request(3, byteCount: 10))
        #expect(Self.sendAll(&machine) == [1])
        _ = Self.settle(&machine, 1)
        #expect(Self.sendAll(&machine) == [2])
        _ = Self.settle(&machine, 2)
        #expect(Self.sendAll(&machine) == [3])
    }

    @Test func nothingGoesWhileDetachedOrBlocked() {
        var machine = Machine(window: .init(countMax: 10, byteCountMax: 1000), timeout: 100)
        _ = machine.submit(Self.request(1))
        #expect(Self.sendAll(&machine) == [])
        machine.attached(blocked: true)
        #expect(Self.sendAll(&machine) == [])
        machine.unblocked()
        #expect(Self.sendAll(&machine) == [1])
        machine.blocked()
        _ = machine.submit(Self.request(2))
        #expect(Self.sendAll(&machine) == [])
    }

    @Test func aLostChannelMakesTheWireUnknownAndKeepsTheQueue() {
        var machine = Self.open(count: 2)
        for id in 1...3 { _ = machine.submit(Self.request(UInt64(id))) }
        _ = Self.sendAll(&machine)
        let lost = machine.detached(AMQPError(.connectionClosed, "gone")).map(Self.describe)
        #expect(lost == ["1 unknown connectionClosed", "2 unknown connectionClosed"])
        machine.attached(blocked: false)
        #expect(Self.sendAll(&machine) == [3])
        #expect(Self.settle(&machine, 1) == ["3 confirmed"])
    }

    @Test func aReturnedMessageStaysReturnedThoughItIsAcked() {
        var machine = Self.open()
        for id in 1...3 { _ = machine.submit(Self.request(UInt64(id))) }
        _ = Self.sendAll(&machine)
        let head = ReturnHead(code: 312, text: "NO_ROUTE", exchange: "e", routingKey: "k")
        #expect(machine.returned(head, messageID: "m2") == true)
        #expect(Self.settle(&machine, 3, multiple: true) == ["1 confirmed", "2 returned 312", "3 confirmed"])
    }

    @Test func aReturnThatMatchesNothingChangesNothing() {
        var machine = Self.open()
        _ = machine.submit(Self.request(1))
        _ = Self.sendAll(&machine)
        let elsewhere = ReturnHead(code: 312, text: "NO_ROUTE", exchange: "e", routingKey: "other")
        #expect(machine.returned(elsewhere, messageID: "m1") == false)
        #expect(Self.settle(&machine, 1) == ["1 confirmed"])
    }

    @Test func twoCopiesOfOneIdAreReturnedOneByOne() {
        var machine = Self.open()
        for id in 1...2 { _ = machine.submit(Self.request(UInt64(id), messageID: "same")) }
        _ = Self.sendAll(&machine)
        let head = ReturnHead(code: 312, text: "NO_ROUTE", exchange: "e", routingKey: "k")
        #expect(machine.returned(head, messageID: "same") == true)
        #expect(machine.returned(head, messageID: "same") == true)
        #expect(machine.returned(head, messageID: "same") == false)
    }

    @Test func aNackIsTold() {
        var machine = Self.open()
        _ = machine.submit(Self.request(1))
        _ = Self.sendAll(&machine)
        #expect(Self.settle(&machine, 1, acked: false) == ["1 nacked"])
    }

    @Test func cancellingBeforeAndAfterSending() {
        var machine = Self.open(count: 1)
        for id in 1...2 { _ = machine.submit(Self.request(UInt64(id))) }
        _ = Self.sendAll(&machine)
        let waiting = machine.cancel(id: 2, abandoned: -1)
        #expect(waiting.map { Self.describe($0.token, $0.outcome) } == "2 notSent cancelled")
        let sent = machine.cancel(id: 1, abandoned: -1)
        #expect(sent.map { Self.describe($0.token, $0.outcome) } == "1 unknown cancelled")
        #expect(machine.cancel(id: 3, abandoned: -1)?.token == nil)
        // The number stays open: the confirm that comes concerns nobody.
        #expect(Self.settle(&machine, 1) == ["-1 confirmed"])
    }

    @Test func deadlinesPass() {
        var machine = Self.open(count: 1, timeout: 100)
        _ = machine.submit(Self.request(1, at: 10))
        _ = machine.submit(Self.request(2, at: 20))
        _ = Self.sendAll(&machine)
        #expect(machine.nextDeadline == 110)
        #expect(machine.expire(now: 109, abandoned: -1).isEmpty)
        #expect(
            machine.expire(now: 110, abandoned: -1).map { Self.describe($0.token, $0.outcome) } == [
                "1 unknown timedOut"
            ])
        #expect(machine.nextDeadline == 120)
        #expect(
            machine.expire(now: 120, abandoned: -1).map { Self.describe($0.token, $0.outcome) } == [
                "2 notSent timedOut"
            ])
        #expect(machine.nextDeadline == nil)
        #expect(machine.expire(now: 500, abandoned: -1).isEmpty)
        #expect(Self.settle(&machine, 1) == ["-1 confirmed"])
        #expect(machine.isIdle)
    }

    @Test func aMessageThatCannotBeEncodedGivesItsNumberBack() {
        var machine = Self.open()
        _ = machine.submit(Self.request(1))
        _ = machine.submit(Self.request(2))
        _ = machine.nextToSend()
        let withdrawn = machine.withdrawLast(AMQPError(.invalidArgument, "too large"))
        #expect(Self.describe(withdrawn) == "1 notSent invalidArgument")
        #expect(machine.nextToSend()?.id == 2)
        #expect(Self.settle(&machine, 1) == ["2 confirmed"])
    }

    @Test func closingTellsEverybodyAndRefusesMore() {
        var machine = Self.open(count: 1)
        for id in 1...2 { _ = machine.submit(Self.request(UInt64(id))) }
        _ = Self.sendAll(&machine)
        let told = machine.close(AMQPError(.closed, "closed")).map(Self.describe)
        #expect(told == ["1 unknown closed", "2 notSent closed"])
        #expect(machine.submit(Self.request(3)) == false)
    }
}
