// SPDX-License-Identifier: Apache-2.0
//
// The scripts that make a shell complete commands and options, made from the same definitions as --help.
#include "command.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

namespace sedge::cli {

namespace {

/// A command with the words that may follow it.
struct completed {
    std::string path; ///< `sedge topology add`
    std::vector<std::string> words;
};

void collect(const CLI::App& command, const std::string& path, std::vector<completed>& into) {
    completed out{path, {}};
    const auto below = command.get_subcommands([](const CLI::App*) { return true; });
    for (const auto* each : below) out.words.push_back(each->get_name());
    for (const auto* option : command.get_options())
        for (const auto& name : option->get_lnames()) out.words.push_back("--" + name);
    into.push_back(std::move(out));
    for (const auto* each : below) collect(*each, path + " " + each->get_name(), into);
}

/// Goes along the words typed so far as long as they name commands, then offers what may follow.
std::string bash_script(const std::vector<completed>& all) {
    std::string out = "_sedge() {\n    local path=sedge word\n"
                      "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n        case \"$path $word\" in\n";
    for (const auto& each : all)
        if (each.path != "sedge") out += "        \"" + each.path + "\") path=\"" + each.path + "\" ;;\n";
    out += "        esac\n    done\n    case \"$path\" in\n";
    for (const auto& each : all) {
        out += "    \"" + each.path + "\") word=\"";
        for (const auto& w : each.words) out += (&w == each.words.data() ? "" : " ") + w;
        out += "\" ;;\n";
    }
    out += "    esac\n    COMPREPLY=($(compgen -W \"$word\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n"
           "complete -o default -F _sedge sedge\n";
    return out;
}

std::string fish_script(const std::vector<completed>& all) {
    std::string out = "# the words typed so far, without options\n"
                      "function __sedge_at\n"
                      "    set -l typed (string match -v -- '-*' (commandline -opc))\n"
                      "    test \"$typed\" = \"$argv[1]\"; or string match -q -- \"$argv[1] *\" \"$typed\"\nend\n";
    for (const auto& each : all)
        for (const auto& word : each.words) {
            const bool is_option = word.starts_with("--");
            out += "complete -c sedge -n '__sedge_at \"" + each.path + "\"' " +
                   (is_option ? "-l " + word.substr(2) : "-a " + word) + "\n";
        }
    return out;
}

} // namespace

void add_completion(CLI::App& app, chosen& main) {
    auto* command =
        app.add_subcommand("completion", "Print a script that makes a shell complete commands and options.");
    auto shell = std::make_shared<std::string>();
    command->add_option("shell", *shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    command->footer("bash: source <(sedge completion bash)\nzsh:  source <(sedge completion zsh)\n"
                    "fish: sedge completion fish | source");
    command->callback([&main, &app, shell] {
        main = [&app, shell] {
            std::vector<completed> all;
            collect(app, "sedge", all);
            auto text = *shell == "fish" ? fish_script(all) : bash_script(all);
            if (*shell == "zsh") text = "autoload -U +X compinit bashcompinit && compinit && bashcompinit\n" + text;
            std::fputs(text.c_str(), stdout);
            return static_cast<int>(status::ok);
        };
    });
}

} // namespace sedge::cli
