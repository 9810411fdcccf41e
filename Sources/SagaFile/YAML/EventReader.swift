internal import CYAML

/// What the YAML scanner met, with its place. Anchors, tags and directives are told, so that the caller can refuse them.
enum YAMLEvent {
    case documentStart(hasDirective: Bool)
    case scalar(String, isQuoted: Bool, Decoration)
    case listStart(Decoration)
    case mappingStart(Decoration)
    /// The end of a list or a mapping.
    case end
    case alias
    case streamEnd
    /// The events that say nothing of their own.
    case other

    /// An anchor or a tag in front of a node.
    enum Decoration {
        case none
        case anchor
        case tag
    }
}

/// Who wrote the file.
package enum Dialect: Sendable {
    /// A person: quotes make a scalar text.
    case written
    /// A program, as JSON: double quotes stand around every word and mean nothing, text has single quotes inside them.
    case canonical
}

/// A failure of the YAML scanner itself.
struct YAMLSyntaxError: Error {
    let mark: Mark
    let message: String
}

/// libyaml's event parser over bytes that outlive it.
///
/// The handle is owned here alone and freed in `deinit`; the bytes are lent by `withEventReader`. One reader is used by
/// one thread, which is all libyaml asks for.
struct YAMLEventReader: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let dialect: Dialect

    private init(_ dialect: Dialect) {
        self.dialect = dialect
        parser = .allocate(capacity: 1)
        // Fails only when memory is gone, and then nothing else works either.
        let status = yaml_parser_initialize(parser)
        precondition(status == 1, "yaml_parser_initialize failed")
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// Runs `body` with a reader over `bytes`, which must be UTF-8.
    static func withEventReader<Result>(
        over bytes: [UInt8], dialect: Dialect, _ body: (inout YAMLEventReader) throws -> Result
    ) rethrows -> Result {
        try bytes.withUnsafeBufferPointer { buffer in
            var reader = YAMLEventReader(dialect)
            yaml_parser_set_encoding(reader.parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(reader.parser, buffer.baseAddress, buffer.count)
            return try body(&reader)
        }
    }

    /// Returns the next event and its place.
    ///
    /// - Throws: `YAMLSyntaxError` at the place the scanner stopped; the reader must not be used after that.
    mutating func next() throws(YAMLSyntaxError) -> (event: YAMLEvent, mark: Mark) {
        var raw = yaml_event_t()
        guard yaml_parser_parse(parser, &raw) == 1 else { throw syntaxError() }
        defer { yaml_event_delete(&raw) }
        return (event(of: raw), Mark(raw.start_mark))
    }

    private func syntaxError() -> YAMLSyntaxError {
        let failed = parser.pointee
        var message = failed.problem.map { String(cString: $0) } ?? "the text cannot be read"
        if let context = failed.context {
            message += " " + String(cString: context)
        }
        // A quote that is never closed is found at the end of the file; the place to look at is where it opens.
        let isUnclosed = failed.context != nil && message.hasPrefix("found unexpected end of stream")
        return YAMLSyntaxError(
            mark: Mark(isUnclosed ? failed.context_mark : failed.problem_mark), message: message)
    }

    private func event(of raw: yaml_event_t) -> YAMLEvent {
        switch raw.type {
        case YAML_DOCUMENT_START_EVENT:
            let start = raw.data.document_start
            let hasTags = start.tag_directives.start != start.tag_directives.end
            return .documentStart(hasDirective: start.version_directive != nil || hasTags)
        case YAML_SCALAR_EVENT:
            let scalar = raw.data.scalar
            let text = String(
                decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            return .scalar(text, isQuoted: isQuoted(scalar.style), Self.decoration(scalar.anchor, scalar.tag))
        case YAML_SEQUENCE_START_EVENT:
            return .listStart(Self.decoration(raw.data.sequence_start.anchor, raw.data.sequence_start.tag))
        case YAML_MAPPING_START_EVENT:
            return .mappingStart(Self.decoration(raw.data.mapping_start.anchor, raw.data.mapping_start.tag))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .end
        case YAML_ALIAS_EVENT: return .alias
        case YAML_STREAM_END_EVENT: return .streamEnd
        default: return .other
        }
    }

    private func isQuoted(_ style: yaml_scalar_style_t) -> Bool {
        switch dialect {
        case .written: style != YAML_PLAIN_SCALAR_STYLE
        case .canonical: style != YAML_PLAIN_SCALAR_STYLE && style != YAML_DOUBLE_QUOTED_SCALAR_STYLE
        }
    }

    private static func decoration(
        _ anchor: UnsafeMutablePointer<yaml_char_t>?, _ tag: UnsafeMutablePointer<yaml_char_t>?
    ) -> YAMLEvent.Decoration {
        if anchor != nil { return .anchor }
        return tag == nil ? .none : .tag
    }
}

extension Mark {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}
