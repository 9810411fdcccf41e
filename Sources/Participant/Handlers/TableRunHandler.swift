import Messaging
import Postgres
import Reactor

/// Runs plain handlers: groups beside each other, the members of a group one after the other.
struct TableRunHandler: RunHandler {
    private let entries: [MessageType: Handlers.Entry]
    private let factory: MessageFactory
    private let deadline: Duration
    private let clock: EventLoop

    /// - Parameters:
    ///   - deadline: for all handlers of a run together.
    ///   - clock: the executor on which runs are handled; it watches the deadline, so that no other thread is woken.
    init(
        _ entries: [MessageType: Handlers.Entry], factory: MessageFactory, deadline: Duration, clock: EventLoop
    ) {
        self.entries = entries
        self.factory = factory
        self.deadline = deadline
        self.clock = clock
    }

    func knows(_ type: MessageType) -> Bool { entries[type] != nil }

    func prepare(_ envelope: Envelope, _ body: [UInt8]) throws -> PreparedItem {
        guard let entry = entries[envelope.type] else {
            preconditionFailure("\(envelope.type) was admitted, not known")
        }
        let prepared = try entry.prepare(body)
        return PreparedItem(
            key: prepared.key, direction: try direction(of: envelope, entry.pairing), payload: prepared)
    }

    /// A command outside of a saga needs no fence, as nobody will undo it.
    private func direction(
        of envelope: Envelope, _ pairing: Handlers.Pairing
    ) throws(MisdirectedCommand) -> StepReference.Direction? {
        guard let step = envelope.step else { return nil }
        switch pairing {
        case .none: return nil
        case .forward:
            guard step.direction == .forward else { throw MisdirectedCommand(wanted: "do") }
            return .forward
        case .backward:
            // What undoes a step of one saga may be a step of another: then it undoes nothing, and nothing fences it.
            return step.direction == .backward ? .backward : nil
        }
    }

    /// One statement for each type of command that begins with one, for the first of each key: those behind it must see what it
    /// has written.
    func opening(_ items: [PreparedItem]) -> [SQL] {
        var keys: Set<String> = []
        var wanted: [String: (statement: OpeningStatement, commands: [(place: Int, command: any Sendable)])] = [:]
        for (place, item) in items.enumerated() {
            guard let opening = (item.payload as? PreparedMessage)?.opening else {
                keys.insert(item.key)
                continue
            }
            guard keys.insert(item.key).inserted else { continue }
            wanted[opening.statement.name, default: (opening.statement, [])].commands.append((place, opening.command))
        }
        return wanted.sorted { $0.key < $1.key }.map { $0.value.statement.sql($0.value.commands) }
    }

    func handle(
        _ members: [Int: RunMember], groups: [[Int]], opening: RunOpening, in transaction: Transaction
    ) async throws(RunHandlingError) -> HandledRun {
        guard case .read(let opened) = opening else { preconditionFailure("plain handlers assume nothing") }
        let run: Run
        do throws(PostgresError) {
            run = Run(members: members, rows: try Self.rowsByPlace(opened), transaction: transaction)
        } catch {
            throw .unclear(error)
        }
        let results = await withTaskGroup(of: GroupResult.self) { tasks in
            var waiting: Set<Int> = []
            for (index, group) in groups.enumerated() where group.contains(where: { members[$0] != nil }) {
                waiting.insert(index)
                tasks.addTask { await handleGroup(group, index, of: run) }
            }
            tasks.addTask { [deadline, clock] in
                do { try await clock.pause(for: deadline) } catch { return .timerCancelled }
                return .deadlinePassed
            }
            return await gather(&tasks, waiting, groups, members)
        }
        let handled = try results.get()
        do throws(PostgresError) {
            try run.writes.flush(into: transaction)
        } catch {
            throw .unclear(error)
        }
        return HandledRun(handled)
    }

    /// What the handlers of one run share.
    private struct Run: Sendable {
        let members: [Int: RunMember]
        /// What the opening read, by place.
        let rows: [Int: [Row]]
        let transaction: Transaction
        let turns = RunTurns()
        let writes = RunWrites()
    }

    private static func rowsByPlace(_ opened: [Rows]) throws(PostgresError) -> [Int: [Row]] {
        var rowsByPlace: [Int: [Row]] = [:]
        for rows in opened {
            for row in rows { rowsByPlace[try row.decode(Int.self, at: 0), default: []].append(row) }
        }
        return rowsByPlace
    }

    private enum GroupResult: Sendable {
        case handled(Int, [Int: Handled])
        case failed(Int, place: Int, any Error)
        case deadlinePassed
        case timerCancelled
    }

    private func gather(
        _ tasks: inout TaskGroup<GroupResult>, _ groupsToWaitFor: Set<Int>, _ groups: [[Int]],
        _ members: [Int: RunMember]
    ) async -> Result<[Int: Handled], RunHandlingError> {
        var waiting = groupsToWaitFor
        var handled: [Int: Handled] = [:]
        var failures: [Int: any Error] = [:]
        while !waiting.isEmpty, let result = await tasks.next() {
            switch result {
            case .handled(let index, let results):
                waiting.remove(index)
                handled.merge(results) { first, _ in first }
            case .failed(let index, let place, let error):
                waiting.remove(index)
                failures[place] = error
                // One failure spoils the transaction: the others cannot come to anything any more.
                tasks.cancelAll()
            case .deadlinePassed:
                tasks.cancelAll()
                return .failure(Self.overrun(waiting.map { groups[$0] }, members))
            case .timerCancelled: break
            }
        }
        tasks.cancelAll()
        return failures.isEmpty ? .success(handled) : .failure(HandlerBlame.blame(failures))
    }

    /// Whom to blame when the deadline passes: the only one still running, or nobody for certain.
    private static func overrun(_ groups: [[Int]], _ members: [Int: RunMember]) -> RunHandlingError {
        let running = groups.flatMap { $0.filter { members[$0] != nil } }
        let error = HandlerOverran()
        return running.count == 1 ? .members([running[0]: error]) : .unclear(error)
    }

    private func handleGroup(_ group: [Int], _ index: Int, of run: Run) async -> GroupResult {
        var results: [Int: Handled] = [:]
        for place in group {
            guard let member = run.members[place] else { continue }
            do {
                // The opening read for the first of a key only.
                let isFirst = place == group[0]
                if !isFirst { try run.writes.flush(into: run.transaction) }
                results[place] = try await handle(member, isFirst ? run.rows[place] ?? [] : nil, of: run)
            } catch {
                return .failed(index, place: place, error)
            }
        }
        return .handled(index, results)
    }

    private func handle(_ member: RunMember, _ rows: [Row]?, of run: Run) async throws -> Handled {
        switch member.decision {
        case .refuse:
            let type = MessageType("\(factory.service).Fenced") ?? member.envelope.type
            return try answer(member, Reply.empty(type, .refused), events: [])
        case .nothingToUndo:
            guard case .backward(let success) = entries[member.envelope.type]?.pairing else {
                preconditionFailure("\(member.envelope.type) is no undo")
            }
            return try answer(member, Reply.empty(success, .done), events: [])
        case .run:
            guard let prepared = member.payload as? PreparedMessage else {
                preconditionFailure("a member was prepared by another handler")
            }
            let scope = HandlerTransaction(run.transaction, member.envelope, run.turns, run.writes)
            defer { run.turns.end(member.envelope.id) }
            let reply = try await prepared.handle(scope, rows)
            return try answer(member, reply, events: scope.events)
        }
    }

    private func answer(_ member: RunMember, _ reply: Reply?, events: [PublishedEvent]) throws -> Handled {
        let others = events.map { factory.event($0.type, body: $0.body, causedBy: member.envelope) }
        guard let reply, reply.answer != .done || member.envelope.replyTo != nil else { return Handled(others: others) }
        let message = factory.reply(to: member.envelope, type: reply.type, body: try reply.body())
        return member.envelope.replyTo == nil
            ? Handled(unheardRefusal: message, others: others, answer: reply.answer)
            : Handled(reply: message, others: others, answer: reply.answer)
    }
}

/// A command came with a direction its handler does not go.
struct MisdirectedCommand: Error, CustomStringConvertible {
    let wanted: String

    var description: String { "\(HeaderName.direction) is not \(wanted), which is what this command does" }
}

/// A handler did not come to an end in time.
struct HandlerOverran: Error, CustomStringConvertible {
    var description: String { "the handler ran past its deadline" }
}
