/// Turns the events of the scanner into nodes and refuses everything the format has no use for.
///
/// The open lists and mappings are kept on a stack of its own, so hostile nesting cannot exhaust the thread's stack.
struct NodeBuilder {
    /// What the builder asks for after an event.
    enum Step {
        case more
        case finished(Node)
        case refused(Fault)
    }

    /// A fault without the file's name, which the builder does not know.
    struct Fault: Error {
        let mark: Mark
        let code: DiagnosticCode
        let message: String
    }

    /// A list or mapping whose end has not come yet, changed in place: copies would make a long mapping quadratic.
    private struct Frame {
        let mark: Mark
        let isMapping: Bool
        var items: [Node] = []
        var entries: [Node.Entry] = []
        var keys: Set<String> = []
        /// The key that waits for its value.
        var pending: Located<String>?

        var awaitsKey: Bool { isMapping && pending == nil }

        var node: Node { Node(content: isMapping ? .mapping(entries) : .list(items), mark: mark) }
    }

    private let limits: Limits
    private var open: [Frame] = []
    private var root: Node?
    private var nodeCount = 0

    init(limits: Limits) {
        self.limits = limits
    }

    mutating func take(_ event: YAMLEvent, at mark: Mark) -> Step {
        do {
            return try decide(event, at: mark)
        } catch {
            return .refused(error)
        }
    }

    private mutating func decide(_ event: YAMLEvent, at mark: Mark) throws(Fault) -> Step {
        switch event {
        case .documentStart(let hasDirective):
            try startDocument(hasDirective: hasDirective, at: mark)
        case .scalar(let text, let isQuoted, let decoration):
            try admit(decoration, at: mark)
            try takeScalar(text, isQuoted: isQuoted, at: mark)
        case .listStart(let decoration):
            try admit(decoration, at: mark)
            try push(Frame(mark: mark, isMapping: false))
        case .mappingStart(let decoration):
            try admit(decoration, at: mark)
            try push(Frame(mark: mark, isMapping: true))
        case .end: pop()
        case .alias:
            throw Fault(mark: mark, code: .yamlAlias, message: "an alias (`*name`) is not part of the format")
        case .streamEnd:
            guard let root else {
                throw Fault(mark: .start, code: .emptyFile, message: "the file holds nothing")
            }
            return .finished(root)
        case .other: break
        }
        return .more
    }

    private func startDocument(hasDirective: Bool, at mark: Mark) throws(Fault) {
        if hasDirective {
            throw Fault(mark: mark, code: .yamlDirective, message: "a `%` directive is not part of the format")
        }
        if root != nil {
            throw Fault(mark: mark, code: .severalDocuments, message: "a second document starts here")
        }
    }

    private mutating func admit(_ decoration: YAMLEvent.Decoration, at mark: Mark) throws(Fault) {
        switch decoration {
        case .none: break
        case .anchor:
            throw Fault(mark: mark, code: .yamlAnchor, message: "an anchor (`&name`) is not part of the format")
        case .tag:
            throw Fault(mark: mark, code: .yamlTag, message: "a tag (`!name`) is not part of the format")
        }
        nodeCount += 1
        if nodeCount > limits.nodeCountMax {
            throw Fault(
                mark: mark, code: .tooManyNodes, message: "the file holds more than \(limits.nodeCountMax) values")
        }
    }

    private mutating func takeScalar(_ text: String, isQuoted: Bool, at mark: Mark) throws(Fault) {
        if text.utf8.count > limits.scalarByteCountMax {
            throw Fault(
                mark: mark, code: .scalarTooLong,
                message: "this text has \(text.utf8.count) bytes; \(limits.scalarByteCountMax) are the most")
        }
        guard let last = open.indices.last, open[last].awaitsKey else {
            return place(Node(content: .scalar(text, isQuoted: isQuoted), mark: mark))
        }
        guard open[last].keys.insert(text).inserted else {
            throw Fault(mark: mark, code: .duplicateKey, message: "the key `\(text)` stands here a second time")
        }
        open[last].pending = Located(text, at: mark)
    }

    private mutating func push(_ frame: Frame) throws(Fault) {
        if open.count >= limits.depthMax {
            throw Fault(
                mark: frame.mark, code: .tooDeep, message: "values are nested more than \(limits.depthMax) deep")
        }
        if let last = open.last, last.awaitsKey {
            throw Fault(mark: frame.mark, code: .keyNotScalar, message: "a list or a mapping cannot be a key")
        }
        open.append(frame)
    }

    private mutating func pop() {
        // The scanner ends only what it started.
        guard let frame = open.popLast() else { preconditionFailure("an end without a start") }
        place(frame.node)
    }

    private mutating func place(_ node: Node) {
        guard let last = open.indices.last else {
            root = node
            return
        }
        guard open[last].isMapping else {
            open[last].items.append(node)
            return
        }
        // A value always follows its key: `takeScalar` and `push` saw to it.
        guard let key = open[last].pending.take() else { preconditionFailure("a value without a key") }
        open[last].entries.append(Node.Entry(key: key, value: node))
    }
}
