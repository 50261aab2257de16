# The keyspace of the demonstration: what the application wrote before the migrations, and what must be there after.
#
#   awk -v tenants=N -v now=SECONDS -v version=V [-v commands=1] -f keyspace.awk
#
# With commands=1 it prints the commands, in the Redis protocol, that make the keyspace of version 0. Else it prints one
# line a key of version V: name, type, expiry in milliseconds (-1: none), then the fields in order as NAME=VALUE, with
# tabs between. That it knows the time of each timestamp as a number, and writes the old text from it, makes it
# independent of the program that goes the other way.

# The date and time as Outpost wrote them: RFC 3339 with up to nine decimals, those at the end left out if zero.
function rfc3339(seconds, nanoseconds, offset,
                 days, rest, era, day_of_era, year_of_era, day_of_year, shifted, year, month, fraction, zone) {
    seconds += offset
    days = int(seconds / 86400)
    rest = seconds % 86400
    # Days to a date, by the method of Howard Hinnant's "chrono-compatible low-level date algorithms".
    days += 719468
    era = int(days / 146097)
    day_of_era = days - era * 146097
    year_of_era = int((day_of_era - int(day_of_era / 1460) + int(day_of_era / 36524) - int(day_of_era / 146096)) / 365)
    day_of_year = day_of_era - (365 * year_of_era + int(year_of_era / 4) - int(year_of_era / 100))
    shifted = int((5 * day_of_year + 2) / 153)
    month = shifted < 10 ? shifted + 3 : shifted - 9
    year = year_of_era + era * 400 + (month <= 2)
    fraction = sprintf(".%09d", nanoseconds)
    sub(/0+$/, "", fraction)
    if (fraction == ".") fraction = ""
    zone = "Z"
    if (offset > 0) zone = sprintf("+%02d:%02d", int(offset / 3600), int(offset % 3600 / 60))
    if (offset < 0) zone = sprintf("-%02d:%02d", int(-offset / 3600), int(-offset % 3600 / 60))
    return sprintf("%04d-%02d-%02dT%02d:%02d:%02d%s%s", year, month, day_of_year - int((153 * shifted + 2) / 5) + 1,
        int(rest / 3600), int(rest % 3600 / 60), rest % 60, fraction, zone)
}

# A timestamp as it is at this version: text, and from version 2 on milliseconds.
function timestamp(seconds, nanoseconds, offset) {
    if (version < 2) return rfc3339(seconds, nanoseconds, offset)
    # In two parts, since not every awk can print a large integer.
    return sprintf("%d%03d", seconds, int(nanoseconds / 1000000))
}

function field(name, value) {
    count++
    names[count] = name
    values[count] = value
}

function stamps(i, salt,    created, nanoseconds, offset) {
    created = 1700000000 + i * 977 + salt * 31
    nanoseconds = i * 7919123 % 1000 * 1000000 + i * 104729 % 1000000
    if (i % 5 == 0) nanoseconds = i % 10 * 100000000
    offset = i % 7 == 3 ? 7200 : i % 11 == 5 ? -12600 : 0
    field("created_at", timestamp(created, nanoseconds, offset))
    # 999999999 nanoseconds: a program that rounds gets the next second, and must not.
    field("updated_at", timestamp(created + i % 1000, i % 3 == 0 ? 999999999 : nanoseconds, offset))
}

function entity(name) {
    if (version >= 3) field("entity", name)
}

function bulk(text) {
    printf "$%d\r\n%s\r\n", length(text), text
}

# Ends a hash: prints it, and forgets its fields.
function hash(name, expiry,    i, j, swap) {
    if (commands) {
        printf "*%d\r\n", 2 + 2 * count
        bulk("HSET"); bulk(name)
        for (i = 1; i <= count; i++) { bulk(names[i]); bulk(values[i]) }
        expire(name, expiry)
    } else {
        for (i = 2; i <= count; i++)
            for (j = i; j > 1 && names[j - 1] > names[j]; j--) {
                swap = names[j]; names[j] = names[j - 1]; names[j - 1] = swap
                swap = values[j]; values[j] = values[j - 1]; values[j - 1] = swap
            }
        printf "%s\thash\t%s", name, expiry
        for (i = 1; i <= count; i++) printf "\t%s=%s", names[i], values[i]
        printf "\n"
    }
    count = 0
}

function expire(name, expiry) {
    if (expiry == -1) return
    printf "*3\r\n"
    bulk("PEXPIREAT"); bulk(name); bulk(expiry)
}

function text(name, value, expiry) {
    if (commands) {
        printf "*3\r\n"
        bulk("SET"); bulk(name); bulk(value)
        expire(name, expiry)
    } else printf "%s\tstring\t%s\t%s\n", name, expiry, value
}

function list(name, first, second) {
    if (commands) {
        printf "*4\r\n"
        bulk("RPUSH"); bulk(name); bulk(first); bulk(second)
    } else printf "%s\tlist\t-1\t%s\t%s\n", name, first, second
}

function destination(i, tag, letter, expiry,    id, urls) {
    id = sprintf("d%05d%s", i, letter)
    field("id", id)
    field("type", letter == "b" ? "rabbitmq" : "webhook")
    field("topics", letter == "b" ? "[\"*\"]" : "[\"order.created\",\"order.paid\"]")
    # Redis stores a hash in another way when a value has more than 64 bytes.
    urls = "\"url\":\"https://example.com/hooks/" id "\""
    if (letter == "b") urls = urls ",\"note\":\"" sprintf("%080d", i) " 100 % caf\303\251 = \\\"quoted\\\"\""
    field("config", "{" urls "}")
    stamps(i, letter == "a" ? 1 : letter == "b" ? 2 : 3)
    if (expiry != -1) field("deleted_at", rfc3339(now, i * 1000, 0))
    entity("destination")
    hash("tenant:" tag ":destination:" id, expiry)
}

BEGIN {
    if (commands) version = 0
    for (i = 1; i <= tenants; i++) {
        id = sprintf("t%05d", i)
        tag = version >= 1 ? "{" id "}" : id

        field("id", id)
        stamps(i, 0)
        entity("tenant")
        hash("tenant:" tag (version >= 1 ? ":tenant" : ""), -1)

        field(sprintf("d%05da", i), "{\"type\":\"webhook\",\"topics\":[\"order.created\",\"order.paid\"]}")
        field(sprintf("d%05db", i), "{\"type\":\"rabbitmq\",\"topics\":[\"*\"]}")
        hash("tenant:" tag ":destinations", -1)

        destination(i, tag, "a", -1)
        destination(i, tag, "b", -1)
        # Deleted, but kept for seven days; no longer in the summary. Each expires at a time of its own.
        if (i % 50 == 0) destination(i, tag, "x", sprintf("%d%03d", now + 7 * 86400 + i % 60, i % 1000))
    }

    # What is none of the migrations' business, though some of it looks like it.
    field("note", "a tenant's key with one colon too many")
    hash("tenant:foo:bar", -1)
    text("tenant:strange", "a string where a tenant would be a hash", -1)
    text("session:1", "somebody is logged in", sprintf("%d123", now + 30 * 86400))
    list("queue:mail", "first", "second")
}
