/// Writes values as they are encoded, without building a tree first.
///
/// One object for a whole encode; encoders and containers are small structs that name it and a place in its stack of open
/// containers. Containers are closed by what is written after them. A type that writes into two sibling containers in turn
/// cannot be written this way: that is an error, never wrong bytes.
final class JSONWriter {
    private struct Frame {
        /// Tells a container from a later one at the same place in the stack.
        let identity: Int
        let isObject: Bool
        var count = 0
        /// Which field or element the frame's last value is, for the path of an error.
        var name: String?
    }

    private let layout: JSON.Layout
    private let limits: JSON.Limits
    // Unchecked: the writer stays on one task and no access to these overlaps another; the checks cost a third of the time.
    @exclusivity(unchecked) private var output = JSONOutput(capacity: JSONOutput.ordinaryCapacity)
    @exclusivity(unchecked) private var frames: ContiguousArray<Frame> = []
    @exclusivity(unchecked) private var nextIdentity = 0
    /// The first fault of a call that cannot throw.
    @exclusivity(unchecked) private var deferredError: JSONError?

    /// A container that is open, as its struct remembers it.
    struct Place {
        let level: Int
        let identity: Int
    }

    init(layout: JSON.Layout, limits: JSON.Limits) {
        self.layout = layout
        self.limits = limits
        frames.reserveCapacity(8)
    }

    /// How many containers are open.
    var depth: Int { frames.count }

    func finish() throws(JSONError) -> [UInt8] {
        if let deferredError { throw deferredError }
        if layout == .indented { output.append(UInt8(ascii: "\n")) }
        try checkSize()
        return output.bytes
    }

    /// Writes one value that brings its own encoding, and closes what it left open.
    func write<Value: Encodable>(_ value: Value) throws {
        if Value.self == UUIDv7.self { return write(unsafeBitCast(value, to: UUIDv7.self)) }
        let level = frames.count
        let before = output.count
        try value.encode(to: JSONValueEncoder(writer: self, level: level))
        close(to: level)
        if output.count == before {
            throw JSONError(.nothingEncoded, "\(Value.self) wrote no value", path: path)
        }
        try checkSize()
    }

    private func checkSize() throws(JSONError) {
        guard output.count <= limits.byteCountMax else {
            throw JSONError(.tooLarge, "the text is larger than \(limits.byteCountMax) bytes", path: path)
        }
    }
}

extension JSONWriter {
    func write(_ text: String) { output.appendQuoted(text) }
    func write(_ flag: Bool) { output.append(flag ? "true" : "false") }
    func write(integer value: some FixedWidthInteger) { output.append(value) }
    func writeNull() { output.append("null" as StaticString) }

    func write(_ identifier: UUIDv7) {
        output.append(UInt8(ascii: "\""))
        identifier.withUTF8 { output.append($0) }
        output.append(UInt8(ascii: "\""))
    }

    func write(_ number: Double) throws(JSONError) {
        guard number.isFinite else { throw JSONError(.notFinite, "JSON knows no \(number)", path: path) }
        output.append(number.description)
    }

    func write(_ number: Float) throws(JSONError) {
        guard number.isFinite else { throw JSONError(.notFinite, "JSON knows no \(number)", path: path) }
        output.append(number.description)
    }
}

extension JSONWriter {
    /// Opens a container for the value at a level, or finds it again if that value has opened it before.
    func container(isObject: Bool, level: Int) -> Place {
        if frames.count > level {
            close(to: level + 1)
            if frames[level].isObject != isObject {
                fail(.interleavedContainers, "one value asked for an object and an array")
            }
            return Place(level: level, identity: frames[level].identity)
        }
        if frames.count < level { fail(.interleavedContainers, "a value was written after its container was closed") }
        return open(isObject: isObject)
    }

    private func open(isObject: Bool) -> Place {
        if frames.count >= limits.depthMax { fail(.tooDeep, "the nesting is too deep") }
        // Past the limit nothing is opened any more, so that a value nested without end cannot fill the memory.
        output.append(isObject ? UInt8(ascii: "{") : UInt8(ascii: "["))
        nextIdentity += 1
        frames.append(Frame(identity: nextIdentity, isObject: isObject))
        return Place(level: frames.count - 1, identity: nextIdentity)
    }

    /// Closes the open containers above a level.
    func close(to level: Int) {
        while frames.count > level {
            let frame = frames.removeLast()
            if frame.count > 0 { breakLine() }
            output.append(frame.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"))
        }
    }

    /// Makes ready for the next value of a container: closes what stands above it, writes the comma.
    private func next(in place: Place) throws(JSONError) {
        if let deferredError { throw deferredError }
        guard place.level < frames.count, frames[place.level].identity == place.identity else {
            throw JSONError(
                .interleavedContainers, "a container was written to after one that stands beside it", path: path)
        }
        close(to: place.level + 1)
        if frames[place.level].count > 0 { output.append(UInt8(ascii: ",")) }
        frames[place.level].count += 1
        breakLine()
    }

    func field(_ name: String, in place: Place) throws(JSONError) {
        try next(in: place)
        frames[place.level].name = name
        output.appendQuoted(name)
        output.append(UInt8(ascii: ":"))
        if layout == .indented { output.append(UInt8(ascii: " ")) }
    }

    func element(in place: Place) throws(JSONError) {
        try next(in: place)
    }

    /// How many values a container has so far.
    func count(in place: Place) -> Int {
        guard place.level < frames.count, frames[place.level].identity == place.identity else { return 0 }
        return frames[place.level].count
    }

    private func breakLine() {
        guard layout == .indented else { return }
        output.append(UInt8(ascii: "\n"))
        for _ in frames { output.append("  " as StaticString) }
    }

    /// Keeps the first fault of a call that cannot throw; the next one that can will.
    func fail(_ code: JSONError.Code, _ message: String) {
        if deferredError == nil { deferredError = JSONError(code, message, path: path) }
    }

    var steps: [JSONPathStep] {
        frames.map { frame in frame.name.map(JSONPathStep.field) ?? .element(max(0, frame.count - 1)) }
    }

    private var path: String { JSONPath.text(steps) }
}
