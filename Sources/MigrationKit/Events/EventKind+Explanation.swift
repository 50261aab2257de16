extension Event.Kind {
    /// What the journal's catalog says about an event: why it is there, and what to do.
    public struct Explanation: Sendable, Equatable {
        /// The event as a headline.
        public var subject: String
        /// What has happened, and why. A fact's name in capitals between two '@' stands for its value.
        public var cause: String
        /// What a person does about it, which may be nothing.
        public var remedy: String

        init(_ subject: String, _ cause: String, _ remedy: String) {
            self.subject = subject
            self.cause = cause
            self.remedy = remedy
        }
    }

    /// The explanation; it uses only facts that this kind of event always has.
    public var explanation: Explanation {
        switch self {
        case .started, .stopping, .reloaded, .reloadRefused, .configurationRefused, .credentialChanged,
            .metricsNotWritten:
            return daemonExplanation
        case .stepStarted, .stepFinished, .stepFailed, .versionRaised, .versionAdopted, .keysHeld, .placeDoubted,
            .waiting, .waitingLong, .stalled, .converged, .phaseChanged, .lockTakenOver:
            return workExplanation
        case .approved, .revoked, .paused, .resumed, .pinned, .unpinned, .retryAsked, .reconcileAsked, .resolved,
            .unlocked:
            return orderExplanation
        }
    }

    private var daemonExplanation: Explanation {
        switch self {
        case .started:
            return Explanation(
                "The daemon for Redis schema migrations has begun",
                "It is @DETAIL@. It looks at the schema version first, and then does what is missing.",
                "Nothing. “migrateredis status” shows what it will do."
            )
        case .stopping:
            return Explanation(
                "The daemon for Redis schema migrations stops",
                "It was told to stop. The batch in hand still ends, and what is left is a checkpoint.",
                "Nothing. The next start goes on from there, on this host or on another."
            )
        case .reloaded:
            return Explanation(
                "A new configuration is in force",
                "The daemon was told to read its configuration again, and found it good.",
                "Nothing. A step that runs goes on; the next one follows the new configuration."
            )
        case .reloadRefused:
            return Explanation(
                "The new configuration is wrong, and the old one stays in force",
                "The daemon was told to read its configuration again, and cannot use it: @DETAIL@",
                "Correct what is named there, then run “systemctl reload” again. Until then work goes on by the old one, "
                    + "but a restart would fail."
            )
        case .configurationRefused:
            return Explanation(
                "The daemon cannot begin, since its configuration is wrong",
                "What is wrong: @DETAIL@",
                "Correct what is named there, then run “systemctl start” again. systemd does not try by itself, since "
                    + "no restart would help (exit status 78). A fresh installation names no target: write one into "
                    + "/etc/migrateredis/migrateredis.yaml."
            )
        case .credentialChanged:
            return Explanation(
                "The password's file has changed, and the daemon ends to be started with it",
                "systemd hands a service its credentials at the start only. The file is newer than the password that "
                    + "this process has.",
                "Nothing. systemd starts the daemon again within seconds, and it goes on from its checkpoint."
            )
        case .metricsNotWritten:
            return Explanation(
                "The metrics' file cannot be written",
                "The system says: @DETAIL@. Migrations go on without it, and the old numbers are not renewed.",
                "Let metrics.textfile name a file in a directory that the service may write to, such as "
                    + "/run/migrateredis/metrics.prom. For another directory the unit needs ReadWritePaths=, and the "
                    + "user migrateredis the right to write there."
            )
        default: return Explanation(text, "", "")
        }
    }

    private var workExplanation: Explanation {
        switch self {
        case .stepStarted:
            return Explanation(
                "Migration @MIGRATION@ begins: @PHASE@",
                "This daemon holds the lock and works on the keys.",
                "Nothing. “systemctl status” and “migrateredis status --watch” show how far it is. “migrateredis pause” "
                    + "stops it at the next safe point."
            )
        case .stepFinished:
            return Explanation(
                "Migration @MIGRATION@ is done with: @PHASE@",
                "It took @DURATION@: @DETAIL@.",
                "Nothing. Keys that are held back are shown by “migrateredis status --held @MIGRATION@”."
            )
        case .stepFailed:
            return Explanation(
                "Migration @MIGRATION@ failed in: @PHASE@",
                "The reason is @REASON@: @DETAIL@ No data was lost, and nothing is half done.",
                "It is tried again in @RETRY_IN@. If it stays, look at what the reason names; “migrateredis check” looks "
                    + "at the server, the permissions and the memory. “migrateredis retry” tries at once."
            )
        case .versionRaised:
            return Explanation(
                "The schema version is now @SCHEMA_VERSION@",
                "Migration @MIGRATION@ was compared key by key and found right. From now on the new names and contents "
                    + "are the truth.",
                "Start the applications that need this version, end those that write the old names, and then approve "
                    + "the cleanup: “migrateredis approve @MIGRATION@ cleanup”."
            )
        case .versionAdopted:
            return Explanation(
                "The schema version @SCHEMA_VERSION@, to which Outpost's own migrators had raised the keyspace, was adopted",
                "Outpost's records say that its migrations up to this version were applied. What its applications deleted "
                    + "under the new names since is not known, so no old key without a new one is copied.",
                "Nothing. Old keys that those migrators left are compared next, and then wait for the approval of their "
                    + "cleanup: “migrateredis approve 001_hash_tags cleanup”."
            )
        case .placeDoubted:
            return Explanation(
                "The migrations begin in a database that may be the wrong one",
                "@DETAIL@ Its version is raised all the same.",
                "If the applications use another database or deployment id, correct redis.database or schema.deployment-id and "
                    + "reload the daemon. The keys "
                    + "outpost:schema:version and outpost:migration:* in the wrong one may then be removed."
            )
        case .keysHeld:
            return Explanation(
                "Migration @MIGRATION@ left keys for a person to settle",
                "Held back, by reason: @DETAIL@.",
                "See them with “migrateredis status --held @MIGRATION@”, settle them with “migrateredis resolve @MIGRATION@ …”; "
                    + "each reason and its remedy are in migrateredis-runbook(7)."
            )
        case .waiting:
            return Explanation(
                "Waiting: @REASON@",
                "@DETAIL@",
                "It goes on by itself when that has passed. Where a person holds it back, the reason above says with "
                    + "which command it was done, and which one ends it."
            )
        case .waitingLong:
            return Explanation(
                "Still waiting after @DURATION@: @REASON@",
                "@DETAIL@",
                "Look at what the reason names: a server that is away, a lock that another host holds, an order or an approval of "
                    + "a person. It is tried on and on, and goes on by itself once that has passed."
            )
        case .stalled:
            return Explanation(
                "Stalled: @REASON@. Action required",
                "@DETAIL@",
                "“migrateredis status” shows more, “migrateredis status --held NAME” the keys that are concerned, "
                    + "“migrateredis resolve” settles conflicts, and “migrateredis retry” tries again. What to do "
                    + "about @REASON@, and what not, is in migrateredis-runbook(7)."
            )
        case .converged:
            return Explanation(
                "The schema is at the version wanted, @TARGET_VERSION@",
                "@DETAIL@",
                "Nothing, unless a cleanup waits for an approval: “migrateredis approve NAME cleanup”."
            )
        case .phaseChanged:
            return Explanation(
                "Migration @MIGRATION@ is now in phase @TO@",
                "Written into the history by the holder of the lock.",
                "Nothing."
            )
        case .lockTakenOver:
            return Explanation(
                "An abandoned lock was taken over",
                "Its holder, @HOLDER@, has not renewed it for long enough, or is dead. Nothing that it still sends counts.",
                "Look why that host stopped, if it should be running."
            )
        default: return Explanation(text, "", "")
        }
    }

    private var orderExplanation: Explanation {
        let by = "Ordered by @BY@, with “migrateredis”, for all daemons of this keyspace."
        switch self {
        case .approved:
            return Explanation(
                "A gate of migration @MIGRATION@ was opened",
                by,
                "“migrateredis revoke” closes it again."
            )
        case .revoked:
            return Explanation("A gate of migration @MIGRATION@ was closed", by, "“migrateredis approve” opens it.")
        case .paused:
            return Explanation("All work on the schema was paused", by, "“migrateredis resume” ends the pause.")
        case .resumed:
            return Explanation("Work on the schema goes on", by, "Nothing.")
        case .pinned:
            return Explanation("Another target counts for now", by, "“migrateredis unpin” ends that.")
        case .unpinned:
            return Explanation("The configured target counts again", by, "Nothing.")
        case .retryAsked:
            return Explanation("Failures are forgotten, and tried again at once", by, "Nothing.")
        case .reconcileAsked:
            return Explanation("Daemons were told to look at once", by, "Nothing.")
        case .resolved:
            return Explanation("Conflicts of migration @MIGRATION@ were settled", by, "Nothing: the daemons go on.")
        case .unlocked:
            return Explanation(
                "The lock was removed by hand",
                by,
                "Nothing. A holder that still lives stops within one batch, and takes the lock again."
            )
        default: return Explanation(text, "", "")
        }
    }
}
