import SagaModel

/// Looks up the names of one participant file and turns it into the model.
struct ParticipantResolver {
    private let draft: ParticipantDraft
    private var types: TypeTable
    private var report: Report

    /// The words that stand for a target instead of a state.
    private static let targets = ["remembered", "unchanged"]
    /// The checker holds sets of states as the bits of a word.
    private static let stateCountMax = 64

    private init(_ draft: ParticipantDraft, types: TypeTable, report: Report) {
        self.draft = draft
        self.types = types
        self.report = report
    }

    /// Returns what could be resolved: with faults in the report it serves only to find the faults of other files.
    static func resolve(_ draft: ParticipantDraft, types: TypeTable, _ report: inout Report) -> Participant {
        var resolver = ParticipantResolver(draft, types: types, report: report)
        let participant = resolver.participant()
        report = resolver.report
        return participant
    }

    private mutating func participant() -> Participant {
        checkMessageTypes()
        checkTypes()
        let replies = resolveReplies()
        let events = resolveEvents()
        let aggregates = draft.aggregates.map { aggregate(named: $0.name, $0.value) }
        let commands = draft.commands.compactMap { command(named: $0.name, $0.value, replies: replies) }
        checkRepliesAreUsed()
        for (aggregate, source) in zip(aggregates, draft.aggregates) {
            checkReachability(of: aggregate, source.value, commands: commands)
        }
        return Participant(
            name: draft.name.value, queue: draft.queue.value, aggregates: aggregates, commands: commands,
            events: events, subscriptions: subscriptions(), types: resolvedTypes())
    }
}

// MARK: Types, replies and events

extension ParticipantResolver {
    /// Commands and replies travel under the participant's name and their own, and the wire has a limit.
    private mutating func checkMessageTypes() {
        for name in draft.commands.map(\.name) + draft.replies.map(\.name) {
            let byteCount = draft.name.value.utf8.count + 1 + name.value.utf8.count
            if byteCount <= NameRule.messageTypeByteCountMax { continue }
            report.add(
                .badName, at: name.mark,
                "with the participant's name before it `\(name.value.prefix(40))…` has \(byteCount) bytes",
                hint: "Together they have at most \(NameRule.messageTypeByteCountMax): shorten one of the two.")
        }
    }

    private mutating func checkTypes() {
        for type in draft.types {
            let full = "\(draft.name.value).\(type.name.value)"
            if types.isRecursive(full) {
                report.add(.typeRecursive, at: type.name.mark, "the type `\(type.name.value)` holds itself")
                continue
            }
            _ = types.resolve(type.value, within: draft.name.value, &report)
            _ = types.resolve(.named(Located(full, at: type.name.mark)), within: nil, &report)
            if types.isTooLarge(full) {
                report.add(
                    .typeTooLarge, at: type.name.mark, "the type `\(type.name.value)` has too many fields or levels")
            }
        }
    }

    private mutating func resolvedTypes() -> [RecordType] {
        var unsaid = Report(file: report.file)
        return draft.types.compactMap { type in
            types.resolve(type.value, within: draft.name.value, &unsaid).map {
                RecordType(name: "\(draft.name.value).\(type.name.value)", fields: $0)
            }
        }
    }

    private mutating func resolveReplies() -> [String: [Field]] {
        var replies: [String: [Field]] = [:]
        for reply in draft.replies {
            replies[reply.name.value] = types.resolve(reply.value, within: draft.name.value, &report) ?? []
            if reply.name.value == Reply.fenced {
                report.add(
                    .reservedName, at: reply.name.mark, "every participant answers `\(Reply.fenced)` by itself",
                    hint: "Choose another name.")
            }
        }
        return replies
    }

    private mutating func resolveEvents() -> [EventContract] {
        draft.events.map { event in
            if !event.name.value.hasPrefix(draft.name.value + ".") {
                report.add(
                    .foreignEvent, at: event.name.mark,
                    "`\(draft.name.value)` may not publish `\(event.name.value)`",
                    hint: "The type begins with the participant's name: `\(draft.name.value).…`.")
            }
            let fields = types.resolve(event.value, within: draft.name.value, &report)
            return EventContract(type: event.name.value, payload: fields ?? [])
        }
    }

    /// Who publishes an event stands in another file, so only the topology can say whether anybody does.
    private mutating func subscriptions() -> [String] {
        var seen: Set<String> = []
        for event in draft.subscriptions where !seen.insert(event.value).inserted {
            report.add(.duplicateItem, at: event.mark, "the event `\(event.value)` stands here a second time")
        }
        return draft.subscriptions.map(\.value)
    }

    private mutating func checkRepliesAreUsed() {
        let used = Set(
            draft.commands.flatMap { ($0.value.successes + $0.value.failures + $0.value.unclear).map(\.value) })
        for reply in draft.replies where !used.contains(reply.name.value) && reply.name.value != Reply.fenced {
            report.add(.replyUnused, at: reply.name.mark, "no command is answered with `\(reply.name.value)`")
        }
    }
}

// MARK: Aggregates

extension ParticipantResolver {
    private mutating func aggregate(named name: Located<String>, _ draft: AggregateDraft) -> Aggregate {
        checkStateNames(draft)
        if draft.states.count > Self.stateCountMax {
            report.addTooMany(
                "states", of: name, at: draft.states[Self.stateCountMax].mark, countMax: Self.stateCountMax)
        }
        let known = draft.states.map(\.value)
        checkState(draft.initial, known: known)
        for state in draft.pending { checkState(state, known: known) }
        let moves = draft.moves.map { move in
            for state in move.value.from + [move.value.to] { checkState(state, known: known) }
            if let event = move.value.emits, !self.draft.events.contains(where: { $0.name.value == event.value }) {
                report.addUnknown(
                    .unknownEvent, event, what: "event of `\(self.draft.name.value)`",
                    known: self.draft.events.map(\.name.value))
            }
            return SpontaneousMove(
                name: move.name.value, from: move.value.from.map(\.value), to: move.value.to.value,
                emits: move.value.emits?.value)
        }
        return Aggregate(
            name: name.value, states: known, initial: draft.initial.value, pending: draft.pending.map(\.value),
            moves: moves)
    }

    private mutating func checkStateNames(_ draft: AggregateDraft) {
        var seen: Set<String> = []
        for state in draft.states {
            if !seen.insert(state.value).inserted {
                report.add(.duplicateItem, at: state.mark, "the state `\(state.value)` stands here a second time")
            }
            if Self.targets.contains(state.value) {
                report.add(
                    .reservedName, at: state.mark, "`\(state.value)` has a meaning of its own as a target",
                    hint: "Choose another name.")
            }
        }
    }

    private mutating func checkState(_ state: Located<String>, known: [String]) {
        if !known.contains(state.value) { report.addUnknown(.unknownState, state, what: "state", known: known) }
    }

    /// A state that nothing leads to is a typing mistake or a forgotten transition.
    private mutating func checkReachability(
        of aggregate: Aggregate, _ source: AggregateDraft, commands: [CommandContract]
    ) {
        if report.hasFaults { return }
        var next: [String: [String]] = [:]
        for change in commands.filter({ $0.aggregate == aggregate.name }).flatMap(\.transitions) {
            guard case .state(let state) = change.to else { continue }
            for from in change.from { next[from, default: []].append(state) }
        }
        for move in aggregate.moves {
            for from in move.from { next[from, default: []].append(move.to) }
        }
        var reached: Set<String> = [aggregate.initial]
        var open = [aggregate.initial]
        while let state = open.popLast() {
            open += next[state, default: []].filter { reached.insert($0).inserted }
        }
        for state in source.states where !reached.contains(state.value) {
            report.add(.stateUnreachable, at: state.mark, "no command and no move leads to `\(state.value)`")
        }
    }
}

// MARK: Commands

extension ParticipantResolver {
    private mutating func command(
        named name: Located<String>, _ draft: CommandDraft, replies: [String: [Field]]
    ) -> CommandContract? {
        let payload = types.resolve(draft.payload, within: self.draft.name.value, &report)
        checkKey(of: draft, payload: payload)
        checkReplies(of: draft, known: replies)
        checkUndo(of: name, draft)
        let transitions = transitions(of: draft)
        func contracts(_ names: [Located<String>], _ certainty: ReplyContract.Certainty) -> [ReplyContract] {
            names.map { ReplyContract(name: $0.value, payload: replies[$0.value] ?? [], certainty: certainty) }
        }
        return CommandContract(
            name: name.value, aggregate: draft.aggregate?.value, key: draft.key.value, payload: payload ?? [],
            transitions: transitions, successes: contracts(draft.successes, .clear),
            failures: contracts(draft.failures, .clear) + contracts(draft.unclear, .unclear),
            refusal: draft.refusal?.value, undoes: draft.undoes?.value)
    }

    private mutating func checkKey(of draft: CommandDraft, payload: [Field]?) {
        guard let payload else { return }
        switch payload.first(where: { $0.name == draft.key.value })?.type {
        case .id?: break
        case nil: report.addUnknown(.unknownField, draft.key, what: "payload field", known: payload.map(\.name))
        case let other?:
            report.add(
                .typeMismatch, at: draft.key.mark, "the key `\(draft.key.value)` is `\(other)`, not `id`",
                hint: "The key names one aggregate: it is a field of type `id`.")
        }
    }

    private mutating func checkReplies(of draft: CommandDraft, known: [String: [Field]]) {
        var seen: Set<String> = []
        for reply in draft.successes + draft.failures + draft.unclear {
            if known[reply.value] == nil {
                report.addUnknown(.unknownReply, reply, what: "reply under `replies`", known: known.keys)
            }
            if !seen.insert(reply.value).inserted {
                report.add(.duplicateItem, at: reply.mark, "the reply `\(reply.value)` is named a second time")
            }
        }
        if let refusal = draft.refusal, !draft.failures.contains(where: { $0.value == refusal.value }) {
            report.addUnknown(
                .unknownReply, refusal, what: "failure of this command", known: draft.failures.map(\.value))
        }
    }

    private mutating func checkUndo(of name: Located<String>, _ draft: CommandDraft) {
        guard let undoes = draft.undoes else { return }
        let others = self.draft.commands.map(\.name.value).filter { $0 != name.value }
        guard others.contains(undoes.value) else {
            report.addUnknown(.unknownCommand, undoes, what: "other command of this participant", known: others)
            return
        }
    }

    private mutating func transitions(of draft: CommandDraft) -> [Transition] {
        guard let name = draft.aggregate else {
            if let first = draft.transitions.first {
                report.add(
                    .transitionWithoutAggregate, at: first.mark, "the command changes states but names no `aggregate`")
            }
            return []
        }
        guard let aggregate = self.draft.aggregates.first(where: { $0.name.value == name.value })?.value else {
            report.addUnknown(
                .unknownAggregate, name, what: "aggregate of this participant",
                known: self.draft.aggregates.map(\.name.value))
            return []
        }
        var seen: Set<String> = []
        return draft.transitions.map { transition in
            for state in transition.from where !seen.insert(state.value).inserted {
                report.add(
                    .transitionAmbiguous, at: state.mark, "two transitions start from `\(state.value)`")
            }
            return resolve(transition, of: draft, aggregate)
        }
    }

    private mutating func resolve(
        _ transition: TransitionDraft, of command: CommandDraft, _ aggregate: AggregateDraft
    ) -> Transition {
        let known = aggregate.states.map(\.value)
        for state in transition.from { checkState(state, known: known) }
        if let reply = transition.reply, !command.successes.contains(where: { $0.value == reply.value }) {
            report.addUnknown(
                .unknownReply, reply, what: "success of this command", known: command.successes.map(\.value))
        }
        return Transition(
            from: transition.from.map(\.value), to: target(transition, aggregate, known: known),
            reply: transition.reply?.value)
    }

    private mutating func target(
        _ transition: TransitionDraft, _ aggregate: AggregateDraft, known: [String]
    ) -> Transition.Target {
        switch transition.to.value {
        case "unchanged": return .unchanged
        case "remembered":
            for state in transition.from where !aggregate.pending.contains(where: { $0.value == state.value }) {
                report.add(
                    .nothingRemembered, at: state.mark,
                    "`\(state.value)` remembers nothing, as it is not a pending state")
            }
            return .remembered
        default:
            if !known.contains(transition.to.value) {
                report.addUnknown(.unknownState, transition.to, what: "state", known: known + Self.targets)
            }
            return .state(transition.to.value)
        }
    }
}
