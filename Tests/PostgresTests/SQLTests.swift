import Testing

@testable import Postgres

@Suite struct SQLTests {
    @Test func valuesBecomeParameters() {
        let note = "'); DROP TABLE orders; --"
        let sql: SQL = "INSERT INTO orders (id, note) VALUES (\(7), \(note))"
        #expect(sql.text == "INSERT INTO orders (id, note) VALUES ($1, $2)")
        #expect(sql.parameterTypes == [PostgresType.int8.oid, PostgresType.text.oid])
        #expect(Array(sql.body.values.bytes.suffix(note.utf8.count)) == Array(note.utf8))
    }

    @Test func parametersMayStandSideBySideAndAtTheEnds() {
        let sql: SQL = "\(1)\(true)x\(2)"
        #expect(sql.text == "$1$2x$3")
        #expect(sql.parameterTypes == [PostgresType.int8.oid, PostgresType.bool.oid, PostgresType.int8.oid])
    }

    @Test func partsAreNumberedThrough() {
        let condition: SQL = "id = \(5) AND owner = \("me")"
        let sql: SQL = "SELECT \(1) WHERE \(sql: condition) AND kind = \("x")"
        #expect(sql.text == "SELECT $1 WHERE id = $2 AND owner = $3 AND kind = $4")
        #expect(sql.parameterCount == 4)
        let values = sql.body.values
        let places = sql.body.parameters.map { piece in
            Array(values.bytes.dropFirst(piece.offset - values.headByteCount).prefix(piece.byteCount))
        }
        #expect(places[1] == [0, 0, 0, 0, 0, 0, 0, 5])
        #expect(places[3] == Array("x".utf8))
    }

    @Test func nullHasNoBytes() {
        let nothing: String? = nil
        let sql: SQL = "SELECT \(nothing), \("")"
        #expect(sql.body.parameters.map(\.byteCount) == [-1, 0])
        #expect(sql.parameterTypes == [PostgresType.text.oid, PostgresType.text.oid])
    }

    @Test func oneCallSiteHasOneTemplate() {
        func statement(_ id: Int) -> SQL { "SELECT \(id) FROM t" }
        #expect(SQLTemplate(statement(1)).fits(statement(2)))
        #expect(!SQLTemplate(statement(1)).fits("SELECT \(1) FROM u"))
    }

    @Test func typesTellTemplatesApart() {
        func statement(_ value: some PostgresEncodable) -> SQL { "SELECT \(value)" }
        #expect(!SQLTemplate(statement(1)).fits(statement("1")))
    }

    @Test func descriptionHoldsNoValues() {
        let sql: SQL = "SELECT \("secret")"
        #expect("\(sql)" == "SELECT $1")
    }

    @Test func identifiersAreQuoted() {
        let channel: SQLIdentifier = "say \"hi\""
        let sql: SQL = "LISTEN \(channel)"
        #expect(sql.text == "LISTEN \"say \"\"hi\"\"\"")
    }
}
