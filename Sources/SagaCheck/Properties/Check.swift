package import SagaModel

/// What a check of one saga, or of several that meet, found.
package struct CheckReport: Sendable {
    /// The names of the sagas.
    package var sagas: [String]
    package var bounds: Bounds
    package var search: SearchResult
    package var findings: [Finding]

    package var isClean: Bool { findings.isEmpty }
}

/// Checks sagas by going through everything that can happen.
package enum Check {
    /// The bounds that sagas are looked at with unless others are asked for: those of its file for one saga, and
    /// ``meetingBounds`` for several.
    package static func bounds(of definitions: [Definition]) -> Bounds {
        definitions.count > 1 ? meetingBounds : definitions.first?.bounds ?? Bounds()
    }

    /// How far sagas that meet are looked at: their states multiply.
    package static let meetingBounds = Bounds(timeouts: 1, duplicates: 1, crashes: 0, losses: 0, attempts: 1)

    /// Checks one saga, or several that meet on the same aggregates.
    ///
    /// - Parameters:
    ///   - definitions: The first one's start gives the beginning; the others may start at any time.
    ///   - bounds: Nil takes ``bounds(of:)``.
    ///   - rules: The protocol; anything but the full one is for showing what a rule is for.
    ///   - limits: How many states and violations end the search.
    ///   - report: Told from time to time how far the search is; false ends it.
    /// - Throws: ``DefinitionFaults`` of the first definition that does not compile.
    package static func check(
        _ definitions: [Definition], bounds: Bounds? = nil, rules: ProtocolRules = .full,
        limits: SearchLimits = SearchLimits(), report: (SearchProgress) -> Bool = { _ in true }
    ) throws(DefinitionFaults) -> CheckReport {
        let world = try World(definitions, bounds: bounds ?? self.bounds(of: definitions), rules: rules)
        let result = world.search(limits: limits, report: report)
        var findings = result.violations.map { world.finding(of: $0) }
        // What never happens is only known when everything was seen, and only of a saga by itself.
        if result.isExhaustive && definitions.count == 1 { findings += DeadParts(world, result.coverage).findings }
        if !result.isExhaustive && findings.isEmpty { findings.append(world.notExhaustive(result)) }
        return CheckReport(
            sagas: definitions.map(\.name), bounds: world.bounds, search: result, findings: findings)
    }

    /// The groups of sagas that can meet: that change an aggregate which another one changes too.
    ///
    /// First in each group stands the saga that finds the fewest aggregates beyond their initial states, because its
    /// beginning is where the aggregates come from: orders are cancelled after they were created. Of a saga's versions
    /// only the newest meets others, as only that one is started.
    package static func meetings(of definitions: [Definition]) -> [[Definition]] {
        var groups: [[Definition]] = []
        for definition in definitions where !definitions.contains(where: { $0.isNewer(than: definition) }) {
            let changed = changedAggregates(definition)
            let meeting = groups.indices.filter { group in
                groups[group].contains { !changedAggregates($0).isDisjoint(with: changed) }
            }
            var joined: [Definition] = []
            for group in meeting.reversed() { joined = groups.remove(at: group) + joined }
            groups.append(joined + [definition])
        }
        return groups.filter { $0.count > 1 }.map(originFirst)
    }

    private static func originFirst(_ group: [Definition]) -> [Definition] {
        let origin = group.indices.min { changedBeginnings(group[$0]) < changedBeginnings(group[$1]) }
        return group.indices.sorted { $0 == origin && $1 != origin }.map { group[$0] }
    }

    /// How many aggregates are not in their initial state when the saga starts.
    private static func changedBeginnings(_ definition: Definition) -> Int {
        definition.start.given.count { given in
            let owner = definition.participant(named: given.aggregate.participant)
            let aggregate = owner?.aggregates.first { $0.name == given.aggregate.aggregate }
            return aggregate.map { given.states != [$0.initial] } ?? false
        }
    }

    private static func changedAggregates(_ definition: Definition) -> Set<AggregateName> {
        var changed: Set<AggregateName> = []
        var calls = definition.steps.compactMap(\.undo)
        if let undo = definition.start.undo { calls.append(undo) }
        for step in definition.steps {
            if case .send(let call) = step.action { calls.append(call) }
        }
        for call in calls {
            let contract = definition.participant(named: call.participant)?.command(named: call.command)
            guard let contract, let aggregate = contract.aggregate, !contract.transitions.isEmpty else { continue }
            changed.insert(AggregateName(participant: call.participant, aggregate: aggregate))
        }
        return changed
    }
}

extension Definition {
    fileprivate func isNewer(than other: Definition) -> Bool { name == other.name && version > other.version }
}

extension World {
    fileprivate func finding(of found: FoundViolation) -> Finding {
        let story = story(of: found)
        let (code, saga, step, outcome) = place(of: found.violation)
        let name = "\(sagas.map(\.original.name).joined(separator: "-and-"))-\(code.rawValue)"
        return Finding(
            code: code, saga: sagas[saga].original.name,
            step: step.map { sagas[saga].definition.steps[$0].id },
            outcome: outcome.map { sagas[saga].definition.outcomes[$0].name }, message: story.conclusion, story: story,
            scenario: scenario(of: found, name: name))
    }

    private func place(of violation: Violation) -> (Finding.Code, saga: Int, step: Int?, outcome: Int?) {
        switch violation {
        case .requirementBroken(let saga, let outcome): (.promiseBroken, saga, nil, outcome)
        case .effectLeft(let saga, let step): (.effectLeft, saga, step, nil)
        case .lockLeft: (.lockLeft, 0, nil, nil)
        case .neverEnds(let saga): (.neverEnds, saga, nil, nil)
        case .undoneAfterPivot(let saga): (.undoneAfterPivot, saga, nil, nil)
        }
    }

    fileprivate func notExhaustive(_ result: SearchResult) -> Finding {
        var message = "The search was ended after \(result.stateCount) states, so nothing is proven; "
        switch result.interruption {
        case .memoryLimit: message += "they take \(result.byteCount >> 20) MiB: lower the bounds or allow more memory."
        case .stateLimit, .violations, .request: message += "lower the bounds or raise the limit."
        case nil:
            message =
                "Guards tell apart more payloads of \(cutMessages.joined(separator: ", ")) than are looked at, so "
                + "nothing is proven; let them compare less."
        }
        return Finding(code: .notExhaustive, saga: sagas[0].original.name, message: message)
    }
}
