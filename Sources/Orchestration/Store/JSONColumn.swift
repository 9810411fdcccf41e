import Postgres
import SagaModel

/// The texts of a column in one block of memory, written one behind the other.
struct JSONColumn {
    private var json: CanonicalJSONWriter
    private var ends: [Int] = []

    /// Room for most texts; more costs a copy.
    private static let byteCountExpected = 768

    init(countExpected: Int) {
        json = CanonicalJSONWriter(byteCount: countExpected * Self.byteCountExpected)
        ends.reserveCapacity(countExpected)
    }

    /// - Parameter write: writes one value.
    /// - Returns: how many bytes that took.
    @discardableResult
    mutating func append(_ write: (inout CanonicalJSONWriter) -> Void) -> Int {
        let start = json.bytes.count
        json.beginText()
        write(&json)
        ends.append(json.bytes.count)
        return json.bytes.count - start
    }

    var texts: PostgresTexts { PostgresTexts(utf8: json.bytes, ends: ends) }
}
