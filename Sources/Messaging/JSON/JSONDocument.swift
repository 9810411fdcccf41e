/// A checked text with its tokens, from which values are read.
///
/// One object for a whole decode: decoders and containers are small structs that name it and an index. It lives on one
/// task and never leaves the call that made it.
final class JSONDocument {
    private let tracksUse: Bool
    // Unchecked: the document stays on one task and no access overlaps another; the checks cost a third of the time.
    @exclusivity(unchecked) private var tape: JSONTape

    var root: Int { 0 }

    init(bytes: [UInt8], limits: JSON.Limits, tracksUse: Bool = false) throws(JSONError) {
        guard bytes.count <= limits.byteCountMax else {
            throw JSONError(
                .tooLarge, "the text has \(bytes.count) bytes, the limit is \(limits.byteCountMax)", path: "$")
        }
        self.tracksUse = tracksUse
        var parser = JSONParser(bytes, depthMax: limits.depthMax)
        do throws(JSONFault) {
            try parser.parse()
        } catch {
            let path = JSONPath.text(parser.tape.path(to: error.token ?? parser.tape.count))
            throw JSONError(error.code, "\(error.message)", path: path, byteOffset: error.offset)
        }
        tape = parser.finish()
    }

    subscript(index: Int) -> JSONToken { tape[index] }

    func text(at index: Int) -> String {
        tape.string(tape[index])
    }

    func withScalar<Result>(at index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        body(tape.raw(tape[index]))
    }

    /// The index of the value a field holds, or nil if the object has no such field.
    ///
    /// The search starts where the last one ended, so reading the fields in their order costs one comparison each.
    func find(_ name: String, in object: Int) -> Int? {
        var name = name
        return name.withUTF8 { find($0, in: object) }
    }

    private func find(_ name: UnsafeBufferPointer<UInt8>, in object: Int) -> Int? {
        let end = Int(tape[object].next)
        let hint = Int(tape[object].hint)
        guard let key = find(name, from: hint, to: end) ?? find(name, from: object + 1, to: hint) else { return nil }
        tape[object].hint = UInt32(key)
        if tracksUse { tape[key].isUsed = true }
        return key + 1
    }

    private func find(_ name: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int) -> Int? {
        var key = start
        while key < end {
            if tape.isKey(key, named: name) { return key }
            key = Int(tape[key + 1].next)
        }
        return nil
    }

    /// Refuses the first field, in the order of the text, that no reader asked for.
    ///
    /// What lies inside a field that was never asked for is named by that field.
    func refuseUnused() throws(JSONError) {
        guard let key = (0..<tape.count).first(where: { tape[$0].kind == .key && !tape[$0].isUsed }) else { return }
        throw JSONError(
            .unknownField, "this field is unknown", path: path(to: key + 1), byteOffset: Int(tape[key].start) - 1)
    }

    /// Counts every field of an object as asked for, as dictionaries do.
    func useAll(of object: Int) {
        guard tracksUse else { return }
        forEachKey(of: object) { tape[$0].isUsed = true }
    }

    func forEachKey(of object: Int, _ body: (Int) -> Void) {
        var key = object + 1
        let end = Int(tape[object].next)
        while key < end {
            body(key)
            key = Int(tape[key + 1].next)
        }
    }

    func steps(to index: Int) -> [JSONPathStep] {
        tape.path(to: index)
    }

    func path(to index: Int) -> String {
        JSONPath.text(steps(to: index))
    }
}
