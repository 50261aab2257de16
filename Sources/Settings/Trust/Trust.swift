/// How far the place is trusted in which a setting stands: who may have written it.
enum Trust: Int, Comparable, CaseIterable, Sendable {
    /// A file that nobody named: the `.env` of the working directory.
    case found
    /// Who runs the program: the command line, the environment, and the files that they name.
    case caller
    /// The host: the standard files, those that root alone can write and put in place, what the service manager hands over, the defaults.
    case host

    static func < (left: Trust, right: Trust) -> Bool { left.rawValue < right.rawValue }

    /// Whether a secret from a place of this trust may go to a server that is named in places of those.
    ///
    /// Whoever chooses the server reads what is sent there. So every place that has a say in it must be trusted as far
    /// as the one that the secret is from.
    func mayGo(toServerNamedBy places: [Trust]) -> Bool {
        places.allSatisfy { $0 >= self }
    }

    /// How far a file is trusted that the command line names, by who can write it and who can put another in its place.
    static func ofNamedFile(_ file: BoundedFile, at path: String, caller: SettingsSources.Caller) -> Trust {
        guard caller.trust < .host else { return .host }
        let user = caller.processUser
        let isHosts = file.isWrittenOnly(by: user) && Whereabouts.areDecidedOnly(by: user, path: path)
        return isHosts ? .host : caller.trust
    }
}

extension SettingsSources {
    /// Who wrote the command line and the environment.
    public enum Caller: Sendable, Equatable {
        /// Somebody with all rights of the process: the service manager, or a user who runs it for themselves. What the
        /// process can read, they can read too.
        case itself
        /// Root. Others have their hands in what root runs: scripts, `make`, a rule of sudo without fixed arguments.
        case root
        /// Another user, by way of sudo or the like; nil if it does not say who.
        case delegate(UInt32?, as: UInt32)

        /// Who called, by the process's user and what sudo, doas and pkexec leave in the environment.
        public static func detect(userID: UInt32, environment: [String: String]) -> Caller {
            let names = ["SUDO_UID", "PKEXEC_UID"]
            if let text = names.lazy.compactMap({ environment[$0] }).first {
                let user = UInt32(text)
                if user != userID { return .delegate(user, as: userID) }
            } else if environment["DOAS_USER"] != nil {
                return .delegate(nil, as: userID)
            }
            return userID == 0 ? .root : .itself
        }

        /// How far their word is trusted.
        var trust: Trust {
            switch self {
            case .itself: .host
            case .root, .delegate: .caller
            }
        }

        /// The user whose files are as good as root's.
        var processUser: UInt32 {
            switch self {
            case .itself, .root: 0
            case .delegate(_, let user): user
            }
        }

        /// How far the secret in a file is to be trusted that a place of some trust names.
        ///
        /// A file's content is not the word of who names it. What the process can read and the author of a found `.env`
        /// perhaps not is the caller's; and under sudo, what belongs to others than the caller is the host's.
        func trust(ofFileNamedBy place: Trust, ownedBy owner: UInt32) -> Trust {
            let least = max(place, .caller)
            return switch self {
            case .itself, .root: least
            case .delegate(let user, _): owner == user ? least : .host
            }
        }
    }
}
