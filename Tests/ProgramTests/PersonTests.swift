import Testing

@testable import migrateredis

@Suite("Who gives an order")
struct PersonTests {
    @Test(
        "is the user, and whoever became that user by another's right",
        arguments: [
            ([:], "root@db1"), (["SUDO_USER": "alice"], "root@db1 (alice via sudo)"),
            (["SUDO_USER": "root"], "root@db1"), (["SUDO_USER": ""], "root@db1"),
            (["DOAS_USER": "bob"], "root@db1 (bob via doas)"), (["PKEXEC_UID": "7"], "root@db1 (user 7 via pkexec)"),
            (["PKEXEC_UID": "x"], "root@db1"), (["SUDO_USER": "a\u{1B}b\n"], "root@db1 (a\\x1bb\\x0a via sudo)"),
        ] as [([String: String], String)]
    )
    func text(_ environment: [String: String], _ expected: String) {
        let text = Person.text(user: "root", host: "db1", environment: { environment[$0] }, nameOf: { "user \($0)" })
        #expect(text == expected)
    }
}
