import SagaModel

/// Lays a definition out as a picture.
struct DiagramBuilder {
    let definition: Definition
    var run: RunMarks?
    private var nodes: [Diagram.Node] = []
    private var edges: [Diagram.Edge] = []
    private var row = 0
    /// The steps that a failure from here on undoes, the last one last.
    private var undos: [String] = []
    private let undoColumn: Int

    init(_ definition: Definition) {
        self.definition = definition
        let widths = definition.flow.map { element in
            if case .parallel(let group) = element { group.branches.count } else { 1 }
        }
        undoColumn = widths.max() ?? 1
    }

    mutating func build() -> Diagram {
        var ends = addStart()
        for element in definition.flow {
            switch element {
            case .step(let step): ends = [add(step, column: 0, after: ends)]
            case .parallel(let group): ends = add(group, after: ends)
            }
        }
        addOutcomes(after: ends)
        return Diagram(
            title: "\(definition.name), version \(definition.version)", nodes: nodes, edges: edges)
    }

    // MARK: Steps

    private mutating func addStart() -> [String] {
        let id = Start.stepID
        add(id, label: definition.start.event, detail: "starts", .start, run?.marks[id] ?? .plain, column: 0)
        if let undo = definition.start.undo { addUndo(of: id, undo.type, direction: .do) }
        row += 1
        return [id]
    }

    private mutating func add(_ step: Step, column: Int, after ends: [String], isLastOfRow: Bool = true) -> String {
        let (detail, kind) = describe(step)
        add(
            step.id, label: step.id, detail: run?.note(step.id, .do) ?? detail, kind, run?.marks[step.id] ?? .plain,
            column: column)
        let label = step.when.map { "when \($0.words)" } ?? ""
        for end in ends { edges.append(Diagram.Edge(from: end, to: step.id, label: label, kind: .forward)) }
        addFailure(of: step)
        if let undo = step.undo {
            addUndo(of: step.id, undo.type, direction: .undo)
            edges.append(
                Diagram.Edge(from: step.id, to: Self.undoID(step.id), label: "in doubt", kind: .failure))
        }
        if isLastOfRow { row += 1 }
        return step.id
    }

    private func describe(_ step: Step) -> (String, Diagram.Node.Kind) {
        switch step.action {
        case .await(let events): (events.events.joined(separator: " or "), .wait)
        case .send(let call):
            switch step.kind {
            case .check: (call.type, .check)
            case .compensatable: (call.type, .compensatable)
            case .pivot: (call.type, .pivot)
            case .retriable: (call.type, .retriable)
            }
        }
    }

    private mutating func addFailure(of step: Step) {
        guard step.kind != .retriable, let last = undos.last else { return }
        edges.append(Diagram.Edge(from: step.id, to: Self.undoID(last), label: "fails", kind: .failure))
    }

    private mutating func addUndo(of step: String, _ type: String, direction: Direction) {
        let id = Self.undoID(step)
        add(
            id, label: "undo \(step)", detail: run?.note(step, direction) ?? type, .undo,
            run?.undoMarks[step] ?? .plain, column: undoColumn)
        if let last = undos.last {
            edges.append(Diagram.Edge(from: id, to: Self.undoID(last), label: "", kind: .compensation))
        }
        undos.append(step)
    }

    private mutating func add(_ group: ParallelGroup, after ends: [String]) -> [String] {
        let height = group.branches.map(\.count).max() ?? 0
        var last = Array(repeating: ends, count: group.branches.count)
        for depth in 0..<height {
            for (column, branch) in group.branches.enumerated() where depth < branch.count {
                let isLast = column == group.branches.lastIndex { depth < $0.count }
                last[column] = [add(branch[depth], column: column, after: last[column], isLastOfRow: isLast)]
            }
        }
        return last.flatMap { $0 }
    }

    // MARK: Ends

    private mutating func addOutcomes(after ends: [String]) {
        var column = 0
        for outcome in definition.outcomes {
            let id = "outcome \(outcome.name)"
            let isCompensated = outcome.end == .compensated
            add(
                id, label: outcome.name, detail: outcome.when?.words ?? outcome.end.rawValue, .outcome,
                run?.outcome == outcome.name ? .done : .plain, column: isCompensated ? undoColumn : column)
            if isCompensated {
                guard let first = undos.first else { continue }
                edges.append(Diagram.Edge(from: Self.undoID(first), to: id, label: "", kind: .compensation))
            } else {
                for end in ends { edges.append(Diagram.Edge(from: end, to: id, label: "", kind: .forward)) }
                column += 1
            }
        }
    }

    private static func undoID(_ step: String) -> String { "undo \(step)" }

    private mutating func add(
        _ id: String, label: String, detail: String, _ kind: Diagram.Node.Kind, _ mark: Diagram.Mark, column: Int
    ) {
        // Several outcomes or undos of one row stand beside each other.
        var column = column
        while nodes.contains(where: { $0.row == row && $0.column == column }) { column += 1 }
        nodes.append(
            Diagram.Node(id: id, label: label, detail: detail, kind: kind, mark: mark, row: row, column: column))
    }
}
