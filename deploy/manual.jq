# Turns what "PROGRAM --experimental-dump-help" says into the middle of a manual page: synopsis, options, commands.

# Text in roff: what could be a request or an escape is neither.
def roff: gsub("\\\\"; "\\e") | gsub("-"; "\\-") | gsub("(?<line>^|\n)(?<dot>[.'])"; "\(.line)\\&\(.dot)")
    | gsub("`(?<code>[^`]*)`"; "\\fB\(.code)\\fR");

def prose: gsub("\n\n+"; "\n.PP\n"; "m") | split("\n") | map(if . == ".PP" then . else roff end) | join("\n");

def spelling($name):
    if $name.kind == "long" then "--" + $name.name else "-" + $name.name end;

# Each option bears one name with one dash and with two: two are enough to know.
def heading:
    if .kind == "positional" then
        "\\fI" + (.valueName // "value" | roff) + "\\fR" + (if .isRepeating then " ..." else "" end)
    else
        ([.names[] | select(.kind != "longWithSingleDash")] as $names
            | (if $names == [] then .names else $names end)
            | map("\\fB" + (spelling(.) | roff) + "\\fR") | join(", "))
        + (if .kind == "option" then " \\fI" + (.valueName // "value" | roff) + "\\fR" else "" end)
    end;

def entry:
    ".TP\n" + heading + "\n" + ((.abstract // "" | roff)
        + (if (.defaultValue // "") != "" then " (default: " + (.defaultValue | roff) + ")" else "" end));

def names: [.names[]?.name];

# A command as it is typed: what may be left out in brackets, what must be said without.
def usage:
    "\\fB" + (.commandName | roff) + "\\fR"
    + ([.arguments[]? | select(.kind == "positional" or (.kind == "option" and .isOptional == false and .shouldDisplay != false))
        | if .isOptional then " [" + heading + "]" else " " + heading end] | join(""));

.command as $command
| ($command.subcommands // [] | map(select(.shouldDisplay != false and .commandName != "help"))) as $commands
# What every command takes stands once.
| (($command.arguments // []) + ($commands[0].arguments // []
        | map(select(.kind != "positional" and (names as $names | all($commands[]; [.arguments[]? | names] | index([$names]))))))
    | map(select(.shouldDisplay != false)) | unique_by(names)) as $common
| ($common | map(names) | flatten) as $known
| ".SH SYNOPSIS\n.B " + ($command.commandName | roff)
    + (if $commands == [] then "\n.RI [ options ]" else "\n.RI [ options ]\n.I command\n.RI [ options ]" end),
  ".SH DESCRIPTION\n" + ($command.abstract | roff) + "\n.PP\n" + ($command.discussion // "" | prose),
  ".SH OPTIONS\nEach may be written with one dash or with two.",
  ($common[] | entry),
  (if $commands == [] then empty else
      ".SH COMMANDS",
      ($commands[]
          | ".SS " + usage,
            (.abstract | roff),
            (if (.discussion // "") != "" then ".PP\n" + (.discussion | prose) else empty end),
            (.arguments[]? | select(.shouldDisplay != false) | select(.kind != "positional" or .abstract != null)
                | select((names - $known - ["help", "version"]) != [] or .kind == "positional" or (names | index("version")) and .kind == "option")
                | entry))
   end)
