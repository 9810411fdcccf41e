/// Texts that stand one behind the other in one block of memory, as a parameter of type `text[]`.
///
/// An array of strings does the same; this spares the allocation of each where many are made only to be sent.
public struct PostgresTexts: Sendable, Hashable {
    /// The texts in UTF-8, with nothing between them.
    public let utf8: [UInt8]
    /// Where each text ends in ``utf8``.
    public let ends: [Int]

    /// - Precondition: the ends do not fall, and the last is that of all.
    public init(utf8: [UInt8], ends: [Int]) {
        precondition(ends.last ?? 0 == utf8.count, "the last text ends where the bytes do")
        self.utf8 = utf8
        self.ends = ends
    }

    /// Some of the texts, by their places, in that order.
    public func picking(_ places: [Int]) -> PostgresTexts {
        func range(_ place: Int) -> Range<Int> { (place == 0 ? 0 : ends[place - 1])..<ends[place] }
        var picked: [UInt8] = []
        picked.reserveCapacity(places.reduce(0) { $0 + range($1).count })
        var pickedEnds: [Int] = []
        pickedEnds.reserveCapacity(places.count)
        for place in places {
            picked += utf8[range(place)]
            pickedEnds.append(picked.count)
        }
        return PostgresTexts(utf8: picked, ends: pickedEnds)
    }
}

extension PostgresTexts: PostgresEncodable {
    public static var postgresType: PostgresType { .textArray }

    /// In the form of ``PostgresArrayElement/encodeArray(_:into:)``.
    public func encode(into writer: inout PostgresWriter) {
        writer.write(Int32(ends.isEmpty ? 0 : 1))
        writer.write(Int32(0))
        writer.write(PostgresType.text.oid)
        if ends.isEmpty { return }
        guard let count = Int32(exactly: ends.count) else {
            return writer.refuse(.tooLarge(byteCount: utf8.count))
        }
        writer.makeRoom(8 + utf8.count + 4 * ends.count)
        writer.write(count)
        writer.write(Int32(1))
        var start = 0
        for end in ends {
            let range = start..<end
            if (try? UTF8Span(validating: utf8.span.extracting(range))) == nil { writer.refuse(.invalidUTF8) }
            writer.writeWithLength { writer in
                unsafe utf8.withUnsafeBytes { unsafe writer.write(text: UnsafeRawBufferPointer(rebasing: $0[range])) }
            }
            start = end
        }
    }
}
