import Messaging

/// What the process does, step by step, as the planner and the machine tell it.
extension DeliveryWorld {
    mutating func take(count: Int) {
        let taken = Array(queue.prefix(count))
        queue.removeFirst(count)
        let items = taken.map { copy in
            BatchItem(
                id: commands[copy.command].id,
                key: commands[copy.command].direction == nil ? "\(copy.command)" : "pair",
                fence: commands[copy.command].direction.map { _ in "step" },
                suspicion: copy.isRedelivered ? .redelivered : copy.attempt > 1 ? .retried : nil)
        }
        process?.batch = taken
        process?.planner = BatchPlanner(items)
        commandOf = taken.map(\.command)
    }

    /// - Parameter isOptimistic: if that is allowed; what belongs to a pair of do and undo needs its fence read.
    mutating func startRun(isOptimistic: Bool) {
        guard let run = process?.planner?.next() else {
            process?.planner = nil
            process?.batch = []
            process?.machine = nil
            commandOf = []
            return
        }
        var machine = DeliveryMachine(
            run.members.map { place in
                let command = commands[commandOf[place]]
                return DeliveryMachine.Member(id: command.id, direction: command.direction)
            })
        process?.isOptimistic =
            isOptimistic && run.mayBeOptimistic && machine.members.allSatisfy { $0.direction == nil }
        process?.toDo = [.action(machine.begin())]
        process?.machine = machine
        process?.run = run
    }

    func outcomes(of task: Task) -> [DeliveryWorld] {
        let done = changed { $0.process?.toDo.removeFirst() }
        switch task {
        case .action(.open): return done.opening()
        case .action(.commit(let fences)): return done.committing(fences)
        case .action(.close): return done.closing()
        case .action(let action): return [done.changed { $0.perform(action) }]
        case .handle(let place, let decision): return done.handling(place, decision)
        case .publish(let row): return done.publishingRow(row)
        case .resend(let place): return done.resending(place)
        case .passOn(let member, let settlement): return done.passingOn(member, settlement)
        }
    }

    /// Feeds an input to the machine and queues what it asks for.
    private mutating func tell(_ input: (inout DeliveryMachine) -> DeliveryMachine.Action?) {
        guard var machine = process?.machine else { return }
        if let action = input(&machine) { process?.toDo.append(.action(action)) }
        if let finish = machine.finishIfDone() { process?.toDo.append(.action(finish)) }
        process?.machine = machine
    }

    private func command(_ place: Int) -> Int { commandOf[process?.run?.members[place] ?? 0] }

    private func groundFailing() -> [DeliveryWorld] {
        guard budget.groundFailures > 0 else { return [] }
        return [
            changed {
                $0.budget.groundFailures -= 1
                $0.staged = nil
                $0.tell { $0.failed(.ground) }
            }
        ]
    }

    private func opening() -> [DeliveryWorld] {
        let opened = changed { world in
            let places = world.process?.run?.members.indices ?? 0..<0
            let known = places.filter { !isOptimistic && world.inbox.contains(world.command($0)) }
            let new = places.filter { !known.contains($0) }
            world.staged = Staged(claimed: Set(new.map { world.command($0) }))
            let directions = new.compactMap { world.commands[world.command($0)].direction }
            if world.fence == .new { world.staged?.fence = directions.first.map(FenceRule.expectation) }
            let duplicates = known.map { ($0, world.stampOf[world.command($0)] != nil) }
            world.tell {
                $0.opened(
                    duplicates: Dictionary(uniqueKeysWithValues: duplicates),
                    fences: Dictionary(uniqueKeysWithValues: new.map { ($0, self.fence) }))
            }
        }
        // Nothing is sent yet that could fail.
        return isOptimistic ? [opened] : [opened] + groundFailing()
    }

    private var isOptimistic: Bool { process?.isOptimistic ?? false }

    /// Whether the server refuses what the run took for granted.
    private var isConflicting: Bool { isOptimistic && !inbox.isDisjoint(with: staged?.claimed ?? []) }

    private func handling(_ place: Int, _ decision: FenceDecision) -> [DeliveryWorld] {
        let command = command(place)
        if decision == .run, commands[command].isPoison {
            return [
                changed { world in
                    let member = world.process?.run?.members[place] ?? 0
                    world.failHandlers(isOptimistic ? .conflict : .failed([member: .handlerFailed]))
                }
            ]
        }
        var next = [changed { $0.runHandler(place, decision, command) }] + groundFailing()
        if budget.unclearErrors > 0 {
            next.append(
                changed {
                    $0.budget.unclearErrors -= 1
                    $0.failHandlers(isOptimistic ? .conflict : .unclear)
                })
        }
        return next
    }

    private mutating func failHandlers(_ end: RunEnd) {
        process?.toDo = []
        staged = nil
        tell { $0.failed(end) }
    }

    private mutating func runHandler(_ place: Int, _ decision: FenceDecision, _ command: Int) {
        staged?.stamps[command] = effectCount[command, default: 0] + 1
        if decision == .run, let direction = commands[command].direction {
            staged?.isEffectLive = direction == .forward
        }
        tell { $0.handled(place, HandlerResult(decision == .refuse ? .refused : .done, rows: 1)) }
    }

    private func committing(_ fences: [Int: FenceState]) -> [DeliveryWorld] {
        var next = [
            changed {
                if isConflicting {
                    $0.staged = nil
                    $0.tell { $0.failed(.conflict) }
                } else {
                    $0.apply(fences)
                    $0.tell { $0.committed() }
                }
            }
        ]
        if budget.commitsUnknown > 0 {
            for isApplied in isConflicting ? [false] : [true, false] {
                next.append(
                    changed {
                        $0.budget.commitsUnknown -= 1
                        if isApplied { $0.apply(fences) } else { $0.staged = nil }
                        $0.tell { $0.commitUnknown() }
                    })
            }
        }
        return next + groundFailing()
    }

    /// The run wrote nothing; what ends its transaction may be lost all the same.
    private func closing() -> [DeliveryWorld] {
        let closed = changed {
            $0.staged = nil
            $0.tell { $0.committed() }
        }
        guard budget.commitsUnknown > 0 else { return [closed] + groundFailing() }
        let unknown = changed {
            $0.budget.commitsUnknown -= 1
            $0.staged = nil
            $0.tell { $0.commitUnknown() }
        }
        return [closed, unknown] + groundFailing()
    }

    private mutating func apply(_ fences: [Int: FenceState]) {
        guard let staged else { return }
        inbox.formUnion(staged.claimed)
        for command in staged.claimed.sorted() {
            guard let stamp = staged.stamps[command] else { continue }
            stampOf[command] = stamp
            effectCount[command, default: 0] += 1
            outbox.insert(Row(command: command, stamp: stamp, owner: epoch))
        }
        if let state = fences.values.first ?? staged.fence { fence = state }
        if let live = staged.isEffectLive { isEffectLive = live }
        self.staged = nil
    }
}
