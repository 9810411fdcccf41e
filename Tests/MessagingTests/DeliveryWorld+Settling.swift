import Messaging

/// What the process does once the transaction has ended, one way or the other.
extension DeliveryWorld {
    mutating func perform(_ action: DeliveryMachine.Action) {
        switch action {
        case .open, .commit, .close: break
        case .handle(let decisions):
            process?.toDo += decisions.sorted { $0.key < $1.key }.map { Task.handle($0.key, $0.value) }
        case .settle(let acknowledged, let rows, let resend):
            acknowledge(acknowledged)
            process?.toDo += (0..<rows).map { Task.publish(row: $0) } + resend.map { Task.resend($0) }
            if rows == 0, resend.isEmpty { tellMachine { _ in nil } }
        case .acknowledge(let places): acknowledge(places)
        case .resend(let place): process?.toDo.append(.resend(place))
        case .forget(let row):
            // The rows of a run are numbered in the order of its new members.
            if let row = rowsOfRun.dropFirst(row).first { outbox.remove(row) }
        case .leaveToSweep: process?.sweepsOwn = true
        case .abandon:
            process?.sweepsOwn = true
            endRun(.ground)
        case .abort(let end): endRun(end)
        case .finish: endRun(.committed)
        }
    }

    private var rowsOfRun: [Row] {
        let members = process?.run?.members.map { commandOf[$0] } ?? []
        return members.compactMap { command in
            stampOf[command].map { Row(command: command, stamp: $0, owner: epoch) }
        }
    }

    private mutating func tellMachine(_ input: (inout DeliveryMachine) -> DeliveryMachine.Action?) {
        guard var machine = process?.machine else { return }
        if let action = input(&machine) { process?.toDo.append(.action(action)) }
        if let finish = machine.finishIfDone() { process?.toDo.append(.action(finish)) }
        process?.machine = machine
    }

    private mutating func endRun(_ end: RunEnd) {
        guard let run = process?.run, let apart = process?.planner?.ended(run, end) else { return }
        for (member, outcome) in apart.sorted(by: { $0.key < $1.key }) {
            let attempt = process?.batch[member]?.attempt ?? 1
            let settlement = rule.settlement(of: outcome, attempt: attempt)
            process?.toDo.append(.passOn(member, settlement))
        }
    }

    private mutating func acknowledge(_ places: [Int]) {
        for place in places {
            if let member = process?.run?.members[place] { acknowledge(member: member) }
        }
    }

    private mutating func acknowledge(member: Int) {
        process?.batch[member] = nil
        for twin in process?.planner?.twins[member] ?? [] { process?.batch[twin] = nil }
    }

    func publishingRow(_ row: Int) -> [DeliveryWorld] {
        guard let published = rowsOfRun.dropFirst(row).first else { return [] }
        return publishing {
            $0.answer(published.command, published.stamp)
        } then: {
            world, isConfirmed in
            world.tellMachine { $0.published(row: row, isConfirmed: isConfirmed) }
        }
    }

    func resending(_ place: Int) -> [DeliveryWorld] {
        let command = commandOf[process?.run?.members[place] ?? 0]
        guard let stamp = stampOf[command] else { return [] }
        return publishing {
            $0.answer(command, stamp)
        } then: { world, isConfirmed in
            world.tellMachine { $0.resent(place, isConfirmed: isConfirmed) }
        }
    }

    func passingOn(_ member: Int, _ settlement: Settlement) -> [DeliveryWorld] {
        guard let copy = process?.batch[member] else { return [self] }
        return publishing { world in
            switch settlement {
            case .retry: world.queue.append(Copy(command: copy.command, attempt: copy.attempt + 1))
            case .deadLetter: world.dead.insert(copy.command)
            case .hold: world.queue.append(Copy(command: copy.command, attempt: copy.attempt))
            case .settle, .pause: break
            }
        } then: { world, isConfirmed in
            if isConfirmed {
                world.acknowledge(member: member)
            } else {
                world.process?.toDo.insert(.passOn(member, settlement), at: 0)
            }
        }
    }
}
