import Postgres
import Testing

@Suite struct ConfigurationURLTests {
    @Test func aWholeURLIsRead() throws {
        let read = try PostgresConfiguration(
            url: "postgres://kit%40chen:s%2Fcret@db.example:6432/meals?sslmode=require&application_name=kitchen%2F1")
        #expect(read.host == "db.example" && read.port == 6432)
        #expect(read.user == "kit@chen" && read.database == "meals" && read.applicationName == "kitchen/1")
        guard case .value("s/cret") = read.password, case .required = read.tls else {
            Issue.record("\(read.password) \(read.tls)")
            return
        }
    }

    @Test func theFolderOfASocketIsAParameter() throws {
        let read = try PostgresConfiguration(url: "postgresql://kitchen@/?host=/run/pg&port=5433&sslmode=disable")
        #expect(read.host == "/run/pg" && read.port == 5433 && read.database == "kitchen")
        guard case .none = read.password, case .disabled = read.tls else {
            Issue.record("\(read.password) \(read.tls)")
            return
        }
    }

    @Test func anAddressOfVersionSixStandsInBrackets() throws {
        let read = try PostgresConfiguration(url: "postgres://a@[::1]:7000/b")
        #expect(read.host == "::1" && read.port == 7000)
    }

    @Test(arguments: [
        "mysql://a@b/c", "postgres://b/c", "postgres://a:sec%zzret@b/c", "postgres://a:secret@b:0/c",
        "postgres://a:secret@b/c?sslmode=maybe", "postgres://a:secret@b/c?sslmode=verify-full",
        "postgres://a:secret@b/c?fancy=1", "postgres://a:secret@b/c?port",
    ])
    func whatCannotBeReadIsRefusedWithoutThePassword(url: String) throws {
        let error = try #require(throws: PostgresError.self) { try PostgresConfiguration(url: url) }
        #expect(error.code == .misuse)
        #expect(!error.debugDescription.contains("secret") && !error.debugDescription.contains("zzret"))
    }
}
