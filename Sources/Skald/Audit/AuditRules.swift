/// The invariants over rows and queues. Pure: facts in, findings out.
struct AuditRules {
    let facts: AuditFacts
    /// How many dead letters were put there on purpose.
    var deadCountExpected = 0

    static let createOrder = "create-order"

    var findings: [AuditFinding] {
        [
            noOrderIsLost, everySagaEnded, oneAuthorisation, moneyAddsUp, slotsAreRight, noLockOutlivesItsSaga,
            outboxesAreEmpty, everyMessageOnce, queuesAreEmpty,
        ]
    }

    private var creations: [AuditFacts.Saga] { facts.sagas.filter { $0.name == Self.createOrder } }

    /// I1
    var noOrderIsLost: AuditFinding {
        var counts: [String: Int] = [:]
        for saga in creations { counts[saga.key, default: 0] += 1 }
        for key in facts.forgottenCreations where counts[key] == nil { counts[key] = 1 }
        var offenders = facts.orders.keys.filter { counts[$0] != 1 }.map { "order \($0) has \(counts[$0] ?? 0) sagas" }
        offenders += counts.keys.filter { facts.orders[$0] == nil }.map { "the saga of \($0) has no order" }
        return AuditFinding(
            "I1", "every order has exactly one saga", checked: facts.orders.count, offenders: offenders)
    }

    /// I2
    var everySagaEnded: AuditFinding {
        AuditFinding(
            "I2", "every saga has come to an end", checked: facts.sagas.count,
            offenders: facts.sagas.filter { !$0.isOver }.map { saga in
                "\(saga.name) \(saga.key) is \(saga.isStuck ? "stuck" : "still open")"
            })
    }

    /// What the ledger says is held for each order.
    private var heldByOrder: [String: Int64] {
        var held: [String: Int64] = [:]
        for booking in facts.ledger {
            held[booking.order, default: 0] += booking.credit == "holding" ? booking.amount : -booking.amount
        }
        return held
    }

    /// I3
    var oneAuthorisation: AuditFinding {
        let held = heldByOrder
        let orders = Set(held.keys).union(facts.holds.keys)
        let offenders = orders.filter { (held[$0] ?? 0) != (facts.holds[$0]?.amount ?? 0) }.map { order in
            "order \(order): the ledger holds \(held[order] ?? 0), the authorisation says \(facts.holds[order]?.amount ?? 0)"
        }
        return AuditFinding(
            "I3", "the ledger holds each order's money once", checked: orders.count, offenders: offenders)
    }

    /// I4
    var moneyAddsUp: AuditFinding {
        var offenders: [String] = []
        for (id, order) in facts.orders {
            let held = facts.holds[id].map { $0.state == "AUTHORIZED" ? $0.amount : 0 } ?? 0
            switch order.state {
            case "APPROVED" where held != order.total:
                offenders.append("order \(id) is APPROVED at \(order.total ?? 0), held is \(held)")
            case "REJECTED", "CANCELLED":
                if held != 0 { offenders.append("order \(id) is \(order.state), held is \(held)") }
            default: break
            }
        }
        for (id, hold) in facts.holds where facts.orders[id] == nil && hold.amount != 0 {
            offenders.append("\(hold.amount) is held for \(id), which is no order")
        }
        var sums: [String: Int64] = [:]
        for hold in facts.holds.values { sums[hold.consumer, default: 0] += hold.amount }
        for (consumer, held) in facts.heldByConsumer where held != sums[consumer] ?? 0 {
            offenders.append("account \(consumer) holds \(held), its orders \(sums[consumer] ?? 0)")
        }
        return AuditFinding(
            "I4", "what is held is what approved orders cost", checked: facts.orders.count + facts.heldByConsumer.count,
            offenders: offenders)
    }

    /// I5
    var slotsAreRight: AuditFinding {
        var offenders: [String] = []
        for (id, order) in facts.orders {
            switch (order.state, facts.slots[id]) {
            case ("REJECTED", "TAKEN"): offenders.append("order \(id) is REJECTED and keeps its slot")
            case ("APPROVED", let slot) where slot != "TAKEN":
                offenders.append("order \(id) is APPROVED without a slot")
            default: break
            }
        }
        return AuditFinding(
            "I5", "slots of the day are held by living orders", checked: facts.orders.count, offenders: offenders)
    }

    /// I7
    var noLockOutlivesItsSaga: AuditFinding {
        let open = Set(facts.sagas.filter { !$0.isOver }.compactMap(\.order))
        func offenders(_ kind: String, _ states: [String: String]) -> [String] {
            states.filter { $0.value.hasSuffix("_PENDING") && !open.contains($0.key) }
                .map { "\(kind) of order \($0.key) is \($0.value), and no saga is open" }
        }
        let tickets = offenders("the ticket", facts.tickets)
        let orders = offenders("the state", facts.orders.mapValues(\.state))
        var halves: [String] = []
        for (id, order) in facts.orders where order.state == "REJECTED" || order.state == "CANCELLED" {
            if let ticket = facts.tickets[id], ticket != "CANCELLED", !open.contains(id) {
                halves.append("order \(id) is \(order.state), its ticket \(ticket)")
            }
        }
        return AuditFinding(
            "I7", "nothing stays locked, no ticket outlives its order",
            checked: facts.orders.count + facts.tickets.count,
            offenders: tickets + orders + halves)
    }

    /// I9
    var outboxesAreEmpty: AuditFinding {
        AuditFinding(
            "I9", "nothing waits in an outbox", checked: facts.outboxCounts.count,
            offenders: facts.outboxCounts.filter { $0.value > 0 }.map { "\($0.value) in the outbox of \($0.key)" })
    }

    /// I10
    var everyMessageOnce: AuditFinding {
        func offenders(_ ids: [String: [String]], _ problem: String) -> [String] {
            ids.flatMap { service, ids in ids.map { "\(service): \($0) \(problem)" } }
        }
        return AuditFinding(
            "I10", "every handled command of a saga has its stored reply, every reply its command",
            checked: facts.answerCounts.values.reduce(0, +),
            offenders: offenders(facts.orphanedReplies, "was answered and is not in the inbox")
                + offenders(facts.unansweredCommands, "was handled and has no stored reply"))
    }

    /// I13
    var queuesAreEmpty: AuditFinding {
        var offenders: [String] = []
        var deadCount = 0
        for (name, queue) in facts.queues {
            if name.hasSuffix(".dead") {
                deadCount += queue.readyCount
            } else if queue.readyCount + (queue.unackedCount ?? 0) > 0 {
                offenders.append("\(name): \(queue.readyCount) ready, \(queue.unackedCount ?? 0) not acknowledged")
            }
        }
        if deadCount != deadCountExpected {
            let names = facts.queues.filter { $0.key.hasSuffix(".dead") && $0.value.readyCount > 0 }
                .map { "\($0.key) \($0.value.readyCount)" }.sorted().joined(separator: ", ")
            offenders.append(
                "\(deadCount) dead letters, \(deadCountExpected) expected\(names.isEmpty ? "" : ": " + names)")
        }
        return AuditFinding("I13", "work queues are empty", checked: facts.queues.count, offenders: offenders)
    }
}
