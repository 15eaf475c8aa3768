"""scratch"""
from __future__ import annotations
import os
from collections import Counter
import pytest
from hypothesis import assume, given, settings, seed, note, event
from histories import *
from random_histories import *
from referee import *
from git_xsa.model.history import HistoryError

import hypothesis
hypothesis.settings.register_profile("x", deadline=None, report_multiple_bugs=False)
hypothesis.settings.load_profile("x")
N=int(os.environ.get("N","1000"))

def entry(f): return (f.mode, f.id)

@settings(max_examples=N)
@given(stories())
def test_reproduces(story):
    h=story.history()
    every=range(1,story.size+1)
    h.prepare(every)
    for k in range(story.size+1):
        st_=h.states(every, Chosen(k,frozenset()))
        got={p.decode():(s.mode,s.object_name(40)) for p,s in st_.items() if s is not None}
        touched={n for p in every for (a,b,_,_) in story.pairs(p) for n in (a,b)}
        want={n:entry(f) for n,f in story.trees[k].items() if n in touched}
        assert got==want,k

@settings(max_examples=N)
@given(requests(7))
def test_smallest(r):
    h=r.story.history()
    sel=select(h,r.base,r.wanted)
    ok=[s for s in selections(r.base,r.story.size,r.wanted) if obeys(h,r.base,s)]
    if sel.impossible:
        assert not ok
    assert frozenset(sel.queue)==ok[0]
    assert all(ok[0]<=s for s in ok)


@pytest.mark.parametrize("revive",[True,False])
def test_sound(revive):
    @settings(max_examples=N)
    @given(requests(7))
    def check(r):
        s=r.story
        h=s.history(revive=revive)
        hand=ByHand(s.touches(), Supply(s),revive)
        for sel in selections(r.base,s.size,r.wanted):
            if obeys(h,r.base,sel):
                out=hand.apply(r.base,sel)
                states=h.states(sel,Chosen(r.base,sel))
                got={p:(x.mode,x.object_name(40)) for p,x in states.items() if x is not None}
                want={p:e for p,e in out.entries.items() if p in states}
                assert got==want,sel
    check()

@settings(max_examples=N)
@given(requests(7))
def test_complete(r):
    s=r.story; stat["n"]+=1
    h=s.history(revive=False)
    hand=ByHand(s.touches(), Supply(s), False)
    assume(not hand.returns)
    for sel in selections(r.base,s.size,r.wanted):
        if not obeys(h,r.base,sel):
            try: hand.apply(r.base,sel,exact=True)
            except Refused: continue
            assert False, ("rules too strict", sel)
