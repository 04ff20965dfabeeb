"""Our own texts are found by the words they were edited to. Imported only while a store is being migrated."""

EDITS = """
create virtual table chat_changes_fts using fts5 (
  text, content='chat_changes', content_rowid='id', tokenize='unicode61 remove_diacritics 2');

-- A guest's edit is in the entry itself; a message of ours keeps its draft, so what it was edited to is looked up here.
create trigger chat_changes_edited after insert on chat_changes
 when new.kind = 'edit' and new.direction <> 'in' and new.text is not null
begin
  insert into chat_changes_fts (rowid, text) values (new.id, new.text);
end;

create trigger chat_changes_forgotten after delete on chat_changes
 when old.kind = 'edit' and old.direction <> 'in' and old.text is not null
begin
  insert into chat_changes_fts (chat_changes_fts, rowid, text) values ('delete', old.id, old.text);
end;

insert into chat_changes_fts (rowid, text)
select id, text from chat_changes where kind = 'edit' and direction <> 'in' and text is not null;
"""
