pub mod search_page;
