import Messaging

/// Every way the world can go on from here.
extension DeliveryWorld {
    var successors: [DeliveryWorld] {
        guard let process else { return [restarted()] + resentBySender() }
        var next = resentBySender() + sweeps()
        if budget.crashes > 0 { next.append(changed { $0.crash() }) }
        if budget.reconnects > 0, process.batch.contains(where: { $0 != nil }) {
            next.append(changed { $0.loseConsumer() })
        }
        if let task = process.toDo.first {
            next += outcomes(of: task)
        } else if process.planner != nil {
            next += [false, true].map { isOptimistic in changed { $0.startRun(isOptimistic: isOptimistic) } }
        } else if !queue.isEmpty {
            next.append(changed { $0.take(count: $0.queue.count) })
            if queue.count > 1 { next.append(changed { $0.take(count: 1) }) }
        }
        return next
    }

    func changed(_ change: (inout DeliveryWorld) -> Void) -> DeliveryWorld {
        var copy = self
        change(&copy)
        return copy
    }

    /// The sender asks again under the same id, and wants to hear the answer again.
    private func resentBySender() -> [DeliveryWorld] {
        guard budget.copies > 0 else { return [] }
        return commands.indices.map { command in
            changed {
                $0.budget.copies -= 1
                $0.queue.append(Copy(command: command))
                $0.answered.remove(command)
            }
        }
    }

    private func restarted() -> DeliveryWorld {
        changed {
            $0.epoch += 1
            $0.process = Process(epoch: $0.epoch)
        }
    }

    private mutating func crash() {
        budget.crashes -= 1
        loseDeliveries()
        staged = nil
        process = nil
    }

    private mutating func loseConsumer() {
        budget.reconnects -= 1
        loseDeliveries()
    }

    /// The broker takes back what was not acknowledged.
    private mutating func loseDeliveries() {
        for copy in process?.batch.compactMap(\.self) ?? [] {
            queue.append(Copy(command: copy.command, attempt: copy.attempt, isRedelivered: true))
        }
        if let count = process?.batch.count { process?.batch = Array(repeating: nil, count: count) }
    }

    /// The sweep publishes rows of dead owners, and rows of its own that were in doubt.
    private func sweeps() -> [DeliveryWorld] {
        outbox.filter { row in row.owner != epoch || process?.sweepsOwn == true && isIdle }.flatMap { row in
            publishing {
                $0.answer(row.command, row.stamp)
            } then: { world, isConfirmed in
                if isConfirmed { world.outbox.remove(row) }
            }
        }
    }

    mutating func answer(_ command: Int, _ stamp: Int) {
        answers[command, default: []].insert(stamp)
        answered.insert(command)
    }

    private var isIdle: Bool { process?.planner == nil }

    /// Every fate of one publish: confirmed, arrived without a confirm, not arrived.
    func publishing(
        _ deliver: (inout DeliveryWorld) -> Void, then finish: (inout DeliveryWorld, Bool) -> Void
    ) -> [DeliveryWorld] {
        var next = [
            changed {
                deliver(&$0)
                finish(&$0, true)
            }
        ]
        guard budget.confirmsLost > 0 else { return next }
        for arrives in [true, false] {
            next.append(
                changed {
                    $0.budget.confirmsLost -= 1
                    if arrives { deliver(&$0) }
                    finish(&$0, false)
                })
        }
        return next
    }
}
