/// The tokens of one text, and the text itself, in memory of their own.
///
/// The text is copied once, with zero bytes behind it, so that it can be read eight bytes at a time up to its end without
/// asking each time where the end is. Pointers never leave the document that owns this.
struct JSONTape: ~Copyable {
    /// Bytes after the text that may be read and are zero.
    static let padding = 8
    /// Room for most messages in a block that glibc has at hand; see `JSONOutput.ordinaryCapacity`.
    private static let ordinaryCapacity = JSONOutput.ordinaryCapacity / MemoryLayout<JSONToken>.stride

    let text: UnsafeMutablePointer<UInt8>
    let byteCount: Int
    private var tokens: UnsafeMutablePointer<JSONToken>
    private var capacity: Int
    private(set) var count = 0

    init(_ bytes: [UInt8]) {
        byteCount = bytes.count
        capacity = min(bytes.count / 8 + 16, Self.ordinaryCapacity)
        tokens = .allocate(capacity: capacity)
        text = .allocate(capacity: bytes.count + Self.padding)
        (text + bytes.count).initialize(repeating: 0, count: Self.padding)
        bytes.withUnsafeBufferPointer { [text] source in
            if let start = source.baseAddress { text.initialize(from: start, count: source.count) }
        }
    }

    deinit {
        text.deallocate()
        tokens.deallocate()
    }

    subscript(index: Int) -> JSONToken {
        _read {
            precondition(index < count, "token \(index) of \(count)")
            yield tokens[index]
        }
        _modify {
            precondition(index < count, "token \(index) of \(count)")
            yield &tokens[index]
        }
    }

    mutating func append(_ token: JSONToken) {
        if count == capacity { grow() }
        (tokens + count).initialize(to: token)
        count += 1
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<JSONToken>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: tokens, count: count)
        tokens.deallocate()
        tokens = larger
        capacity *= 2
    }
}

extension JSONTape {
    /// The text of a token, without quotation marks.
    func raw(_ token: JSONToken) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: text + Int(token.start), count: Int(token.length))
    }

    func string(_ token: JSONToken) -> String {
        JSONText.string(raw(token), hasEscapes: token.hasEscapes)
    }

    /// Whether a key has this name, byte for byte.
    func isKey(_ index: Int, named name: UnsafeBufferPointer<UInt8>) -> Bool {
        let token = self[index]
        if token.hasEscapes { return string(token).utf8.elementsEqual(name) }
        guard name.count == Int(token.length) else { return false }
        let start = text + Int(token.start)
        for position in 0..<name.count where start[position] != name[position] { return false }
        return true
    }

    /// The way from the root to a token. In a tape that stops early, the way to where the next token would stand.
    func path(to target: Int) -> [JSONPathStep] {
        var steps: [JSONPathStep] = []
        var container = 0
        while container < target, container < count, let (step, child) = child(of: container, towards: target) {
            steps.append(step)
            container = child
        }
        return steps
    }

    /// The child of a container that holds the target or is it.
    private func child(of container: Int, towards target: Int) -> (JSONPathStep, Int)? {
        let isObject = self[container].kind == .object
        guard isObject || self[container].kind == .array else { return nil }
        var position = container + 1
        var index = 0
        while position < count || (position == target && !isObject) {
            let child = isObject ? position + 1 : position
            let next = child < count ? Int(self[child].next) : 0
            if child >= target || next == 0 || next > target {
                // A name that is not followed by a value yet is where the text broke.
                let step = isObject ? JSONPathStep.field(string(self[position])) : .element(index)
                return (step, child)
            }
            position = next
            index += 1
        }
        return nil
    }
}
