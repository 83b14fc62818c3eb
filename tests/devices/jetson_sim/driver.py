"""Runs the agent's own monitor where a test can follow it: driver.py AGENT REQUEST, on the simulated board.

Each phase is told in a line of JSON and begins when a line is written to standard input: so that whoever asks knows
what the board did in which window. The agent's messages come in between, and its report last.
"""

import importlib.util
import json
import sys
import time

spec = importlib.util.spec_from_file_location("agent", sys.argv[1])
agent = importlib.util.module_from_spec(spec)
spec.loader.exec_module(agent)
request = json.loads(sys.argv[2])
voice = agent.Voice()


def phase(name):
    voice.say({"type": "phase", "name": name})
    sys.stdin.readline()


monitor = agent.Monitor(voice, request)
monitor.begin()
monitor.ready()
began = time.process_time()
phase("idle")
monitor.idle()
phase("run")
time.sleep(agent.LEAD)
start = monitor.mark()
time.sleep(monitor.long_enough(request["seconds"]))
stop = monitor.mark()
time.sleep(agent.LEAD)
monitor.run(start, stop, request["inferences"])
phase("idle")
monitor.idle()
spent = time.process_time() - began
voice.say({"type": "result", "monitor": dict(monitor.end(), process_cpu_s=spent)})
