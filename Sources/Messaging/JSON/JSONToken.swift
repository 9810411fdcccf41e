/// One value or key of a parsed text, in the order of the text.
///
/// The whole text becomes one flat array of tokens, a tape. A container's token is followed by the tokens of all it holds;
/// `next` leads past them. So nothing is allocated for a value nobody asks for.
struct JSONToken {
    enum Kind: UInt8 {
        case null, isTrue, isFalse, integer, fraction, string, array, object, key
    }

    var kind: Kind
    /// Strings and keys: whether the text holds a backslash.
    var hasEscapes = false
    /// Keys: whether the reading type asked for this field.
    var isUsed = false
    /// Where the value starts in the text; for strings and keys the byte after the quotation mark.
    var start: UInt32
    /// Bytes of a scalar, elements of a container; for strings and keys without the quotation marks.
    var length: UInt32
    /// The index of the token after this value and all it holds; 0 while a container is open. For keys a hash of the name.
    var next: UInt32 = 0
    /// Objects: the key at which the next look-up starts, as fields are mostly read in the order they were written.
    var hint: UInt32 = 0
}

/// Where and why a text is refused, before the path is worked out.
struct JSONFault: Error {
    let code: JSONError.Code
    let message: StaticString
    let offset: Int
    /// The token at fault; nil if it is the one that would have come next.
    let token: Int?

    init(_ code: JSONError.Code, _ message: StaticString, at offset: Int, token: Int? = nil) {
        self.code = code
        self.message = message
        self.offset = offset
        self.token = token
    }
}
