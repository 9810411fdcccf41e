/// A broker's TLS listener and the throw-away certificates that go with it, as paths of PEM files.
package struct RabbitTLS: Sendable {
    package let port: UInt16
    /// The authority that signed server and client.
    package let authority: String
    package let certificate: String
    package let key: String
    /// A client's own certificate, signed by `authority`.
    package let clientCertificate: String
    package let clientKey: String
    /// An authority that signed nothing here: with it a client must refuse the broker.
    package let strangeAuthority: String

    private let requiresClientCertificate: Bool

    /// Makes certificates in `folder` with the `openssl` command.
    static func make(port: UInt16, for options: RabbitOptions.TLS, in folder: ServerFolder) throws -> RabbitTLS {
        let shop = CertificateShop(folder: folder)
        try folder.makeFolder("tls")
        try shop.makeAuthority("authority")
        try shop.makeAuthority("stranger")
        try shop.sign("server", names: options.names, by: "authority")
        try shop.sign("client", names: ["skald-client"], by: "authority")
        return RabbitTLS(
            port: port,
            authority: folder.path(of: "tls/authority.pem"),
            certificate: folder.path(of: "tls/server.pem"), key: folder.path(of: "tls/server.key"),
            clientCertificate: folder.path(of: "tls/client.pem"), clientKey: folder.path(of: "tls/client.key"),
            strangeAuthority: folder.path(of: "tls/stranger.pem"),
            requiresClientCertificate: options.requiresClientCertificate)
    }

    /// The lines of `rabbitmq.conf` for the listener.
    func configuration(host: String) -> [String] {
        [
            "listeners.ssl.1 = \(host):\(port)",
            "ssl_options.cacertfile = \(authority)",
            "ssl_options.certfile = \(certificate)",
            "ssl_options.keyfile = \(key)",
            "ssl_options.verify = verify_peer",
            "ssl_options.fail_if_no_peer_cert = \(requiresClientCertificate)",
            "ssl_options.versions.1 = tlsv1.3",
            "ssl_options.versions.2 = tlsv1.2",
        ]
    }
}

/// Issues certificates good for two days, with elliptic keys because they take no time to make.
private struct CertificateShop {
    let folder: ServerFolder

    func makeAuthority(_ name: String) throws {
        try openssl(
            ["req", "-x509", "-days", "2", "-subj", "/CN=skald test \(name)"] + freshKey(name)
                + ["-addext", "keyUsage=critical,keyCertSign", "-out", "tls/\(name).pem"])
    }

    func sign(_ name: String, names: [String], by authority: String) throws {
        try openssl(["req", "-subj", "/CN=\(names[0])"] + freshKey(name) + ["-out", "tls/\(name).csr"])
        let alternatives = names.map { ($0.allSatisfy { $0.isNumber || $0 == "." } ? "IP:" : "DNS:") + $0 }
        try folder.write("tls/\(name).ext", "subjectAltName=\(alternatives.joined(separator: ","))\n")
        try openssl([
            "x509", "-req", "-days", "2", "-in", "tls/\(name).csr", "-extfile", "tls/\(name).ext",
            "-CA", "tls/\(authority).pem", "-CAkey", "tls/\(authority).key", "-out", "tls/\(name).pem",
        ])
    }

    private func freshKey(_ name: String) -> [String] {
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "tls/\(name).key"]
    }

    private func openssl(_ arguments: [String]) throws {
        _ = try Command(folder.account.prefix + ["openssl"] + arguments, folder: folder.path).output()
    }
}
